import { createSignal } from '@parley/client/sync/signal';

/**
 * The browser's storage with a memory beside it. It never throws, even if the storage is full, forbidden, or emptied while
 * the page is open.
 *
 * 1. Every write goes to the storage, and the memory remembers what this page wrote or read.
 * 2. A refused write makes its key `unstored`: until a later write succeeds, the memory counts, for this page alone.
 * 3. If the storage lost a key, the memory answers. Only another page's removal of that key forgets it.
 */
export function createPageStorage(open: () => Storage) {
  const memory = new Map<string, string>();
  const unstored = new Set<string>();
  const signal = createSignal();
  let hasLost = false;

  /** Opening the storage may throw as well as using it. */
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
      if (unstored.has(key)) return memory.get(key) ?? null;
      const stored = attempt((storage) => storage.getItem(key));
      if (!stored.done || stored.value === null) return memory.get(key) ?? null;
      memory.set(key, stored.value);
      return stored.value;
    },
    set(key: string, value: string) {
      memory.set(key, value);
      if (attempt((storage) => storage.setItem(key, value)).done) return void unstored.delete(key);
      unstored.add(key);
      lose();
    },
    remove(key: string) {
      memory.delete(key);
      if (attempt((storage) => storage.removeItem(key)).done) unstored.delete(key);
      else unstored.add(key);
    },
    keys(prefix: string): string[] {
      const all = new Set([...storedKeys().filter((key) => !unstored.has(key)), ...memory.keys()]);
      return [...all].filter((key) => key.startsWith(prefix));
    },
    /** Applies a `storage` event, which reports a change by another page. */
    applyEvent({ key, newValue }: Pick<StorageEvent, 'key' | 'newValue'>) {
      if (key === null) {
        if (memory.size > 0) lose();
        return;
      }
      unstored.delete(key);
      if (newValue === null) memory.delete(key);
      else memory.set(key, newValue);
    },
  };
}

/** The storage that this page shares with its other tabs. */
export const browserStorage = createPageStorage(() => window.localStorage);
