import type { KeyValueStorage } from '../storage.ts';

/** A message that has no entry yet. Every attempt uses the key and the `known_seq` of the first one. */
export type Pending = {
  key: string;
  /** The uuid of the conversation, or `@handle` of a person without a conversation so far. */
  to: string;
  message: string;
  known_seq: number;
  created_at: string;
  /** The position in the queue. Times would not do, because the clock may be set back. */
  order: number;
  state: 'sending' | 'failed';
  /** The text of the error, for the person. */
  reason?: string;
  /** The server refused the message for good. */
  isRefused?: boolean;
  isTried?: boolean;
};

/** The waiting messages of one person, in order, each stored under its key. */
export function createPendingList(storage: KeyValueStorage, prefix: string, onChange: () => void) {
  let items: readonly Pending[] = load(storage, prefix);

  const store = (item: Pending) => storage.set(prefix + item.key, JSON.stringify(item));

  /** Drops messages that another page has sent or discarded, which are no longer stored. */
  function dropGone() {
    items = items.filter(({ key }) => storage.get(prefix + key) !== null);
  }

  function update(key: string, change: Partial<Pending>) {
    dropGone();
    items = items.map((item) => (item.key === key ? { ...item, ...change } : item));
    const item = items.find((each) => each.key === key);
    if (item) store(item);
    onChange();
  }

  return {
    all: () => items,
    to: (to: string) => items.filter((item) => item.to === to),
    find: (key: string) => items.find((item) => item.key === key),
    /**
     * The message to send next. A refused message does not block later ones. A message that did not reach the server
     * does.
     */
    head(to: string) {
      dropGone();
      const next = items.find((item) => item.to === to && !item.isRefused);
      return next?.state === 'sending' ? next : undefined;
    },
    isWaiting(key: string) {
      dropGone();
      return items.some((item) => item.key === key);
    },
    update,
    add(message: Pick<Pending, 'key' | 'to' | 'message' | 'known_seq'>) {
      const order = (items.at(-1)?.order ?? 0) + 1;
      const created_at = new Date().toISOString();
      const item: Pending = { ...message, created_at, order, state: 'sending' };
      items = [...items, item];
      store(item);
      onChange();
    },
    remove(key: string) {
      items = items.filter((item) => item.key !== key);
      storage.remove(prefix + key);
    },
    /** Empties the list. The stored messages stay. */
    close() {
      items = [];
    },
  };
}

function load(storage: KeyValueStorage, prefix: string): Pending[] {
  return storage
    .keys(prefix)
    .flatMap((key) => {
      try {
        return [JSON.parse(storage.get(key) ?? '') as Pending];
      } catch {
        return [];
      }
    })
    .sort((a, b) => a.order - b.order || (a.created_at < b.created_at ? -1 : 1));
}
