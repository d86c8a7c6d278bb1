import { createSignal } from './chat/signal.ts';

/**
 * The browser's storage, or what is left of it: full, forbidden, or emptied while the page is open, it never throws.
 *
 * 1. Everything goes through to the browser's storage, and what this page wrote or read is remembered beside it.
 * 2. What the storage refuses is `unkept`: until a later write succeeds, the memory counts, for this page alone.
 * 3. What the storage has lost is answered from memory; only another page's removal of that very key forgets it.
 */
export function createKeptStorage(open: () => Storage) {
  const memory = new Map<string, string>();
  const unkept = new Set<string>();
  const signal = createSignal((notify) => queueMicrotask(notify));
  let hasLost = false;

  /** Opening it may throw as well as using it. */
  function attempt<T>(use: (storage: Storage) => T): { done: true; value: T } | { done: false } {
    try {
      return { done: true, value: use(open()) };
    } catch {
      return { done: false };
    }
  }

  function lose() {
    if (hasLost) return;
    hasLost = true;
    signal.change();
  }

  function storedKeys() {
    const stored = attempt((storage) =>
      Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? ''),
    );
    return stored.done ? stored.value : [];
  }

  return {
    signal,
    /** Whether something will be gone after a reload. */
    hasLost: () => hasLost,
    get(key: string): string | null {
      if (unkept.has(key)) return memory.get(key) ?? null;
      const stored = attempt((storage) => storage.getItem(key));
      if (!stored.done || stored.value === null) return memory.get(key) ?? null;
      memory.set(key, stored.value);
      return stored.value;
    },
    set(key: string, value: string) {
      memory.set(key, value);
      if (attempt((storage) => storage.setItem(key, value)).done) return void unkept.delete(key);
      unkept.add(key);
      lose();
    },
    remove(key: string) {
      memory.delete(key);
      if (attempt((storage) => storage.removeItem(key)).done) unkept.delete(key);
      else unkept.add(key);
    },
    keys(prefix: string): string[] {
      const all = new Set([...storedKeys().filter((key) => !unkept.has(key)), ...memory.keys()]);
      return [...all].filter((key) => key.startsWith(prefix));
    },
    /** Takes a `storage` event: what another page did. */
    hear({ key, newValue }: Pick<StorageEvent, 'key' | 'newValue'>) {
      if (key === null) {
        if (memory.size > 0) lose();
        return;
      }
      unkept.delete(key);
      if (newValue === null) memory.delete(key);
      else memory.set(key, newValue);
    },
  };
}

export type KeptStorage = Pick<ReturnType<typeof createKeptStorage>, 'get' | 'set' | 'remove' | 'keys'>;

/** What this page and its other tabs keep. */
export const browserStorage = createKeptStorage(() => window.localStorage);
