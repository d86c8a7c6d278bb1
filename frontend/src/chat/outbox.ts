import type { Send } from '../api/client.ts';
import { ApiError, explain } from '../api/errors.ts';
import type { Entry } from '../api/types.ts';
import { backoffMs } from '../live/backoff.ts';
import type { KeptStorage } from '../storage.ts';
import { outboxOf } from './kept.ts';

/** A message that has no entry yet. Key and `known_seq` are those of the first try, on every try. */
export type Pending = {
  key: string;
  /** Of the conversation, or `@handle` of a person to whom nothing was written yet. */
  to: string;
  message: string;
  known_seq: number;
  created_at: string;
  /** Of those that wait: a clock that is set back must not change it after a reload. */
  order: number;
  state: 'sending' | 'failed';
  /** Why it failed, for people. */
  reason?: string;
  /** A refusal that another try does not change. */
  isRefused?: boolean;
  isTried?: boolean;
};

type Options = {
  send(body: Send, key: string): Promise<Entry>;
  storage: KeptStorage;
  userUuid: string;
  /** Takes the entry and forgets the pending message in one step, so that it is shown exactly once. */
  onSent(pending: Pending, entry: Entry): void;
  onChange(): void;
  sleep?(ms: number): Promise<unknown>;
};

/** After so many tries in a row the person is asked. */
const maxTries = 5;

/**
 * Sends what was written, in order, one at a time for each conversation. It survives a reload: another tab or another
 * page that sends the same message again sends the same key, and gets the same entry.
 */
export function createOutbox({ send, storage, userUuid, onSent, onChange, sleep = pause }: Options) {
  const prefix = outboxOf(userUuid);
  let items: readonly Pending[] = load(storage, prefix);
  const busy = new Set<string>();

  const store = (item: Pending) => storage.set(prefix + item.key, JSON.stringify(item));

  /** What another page has sent or discarded is stored no more: it waits here no more either. */
  function dropGone() {
    items = items.filter(({ key }) => storage.get(prefix + key) !== null);
  }

  function isWaiting(key: string) {
    dropGone();
    return items.some((item) => item.key === key);
  }

  function write(key: string, change: Partial<Pending>) {
    dropGone();
    items = items.map((item) => (item.key === key ? { ...item, ...change } : item));
    const item = items.find((each) => each.key === key);
    if (item) store(item);
    onChange();
  }

  function forget(key: string) {
    items = items.filter((item) => item.key !== key);
    storage.remove(prefix + key);
  }

  async function drain(to: string) {
    if (busy.has(to)) return;
    busy.add(to);
    try {
      for (let next = head(to); next; next = head(to)) await deliver(next);
    } finally {
      busy.delete(to);
    }
  }

  /** What failed for good does not hold up the rest; what could not be reached does. */
  function head(to: string) {
    dropGone();
    const next = items.find((item) => item.to === to && !item.isRefused);
    return next?.state === 'sending' ? next : undefined;
  }

  async function deliver(pending: Pending) {
    write(pending.key, { isTried: true });
    for (let tries = 1; isWaiting(pending.key); tries += 1) {
      try {
        const entry = await send(bodyOf(pending), pending.key);
        forget(pending.key);
        follow(pending, entry);
        onSent(pending, entry);
        onChange();
        return;
      } catch (error) {
        const isTransient = !(error instanceof ApiError) || error.isTransient;
        if (!isTransient || tries === maxTries) {
          write(pending.key, { state: 'failed', reason: explain(error), isRefused: !isTransient });
          return;
        }
        const wishMs = error instanceof ApiError ? error.retryAfterMs : 0;
        await sleep(Math.max(wishMs, backoffMs(tries - 1)));
      }
    }
  }

  /** What waited behind a sent message knows its entry, and the conversation that it may have begun. */
  function follow({ to }: Pending, { seq, message_group_uuid }: Entry) {
    for (const item of items.filter((each) => each.to === to)) {
      const known_seq = item.isTried ? item.known_seq : Math.max(item.known_seq, seq);
      write(item.key, { to: message_group_uuid, known_seq });
    }
    if (to !== message_group_uuid) void drain(message_group_uuid);
  }

  function retry(key: string) {
    const item = items.find((each) => each.key === key);
    if (!item) return;
    write(key, { state: 'sending', reason: undefined, isRefused: undefined });
    void drain(item.to);
  }

  return {
    of: (to: string) => items.filter((item) => item.to === to),
    add(message: Pick<Pending, 'key' | 'to' | 'message' | 'known_seq'>) {
      const order = (items.at(-1)?.order ?? 0) + 1;
      const created_at = new Date().toISOString();
      const pending: Pending = { ...message, created_at, order, state: 'sending' };
      items = [...items, pending];
      store(pending);
      onChange();
      void drain(pending.to);
    },
    retry,
    discard(key: string) {
      forget(key);
      onChange();
    },
    /** The connection is back: what could not be reached is tried again. */
    retryUnreached(to?: string) {
      const waiting = items.filter((item) => !item.isRefused && (to === undefined || item.to === to));
      for (const { key, state } of waiting) if (state === 'failed') retry(key);
      for (const conversation of new Set(waiting.map((item) => item.to))) void drain(conversation);
    },
    /** What waits stays stored, and is neither sent nor stored again from here: somebody else may be signed in next. */
    close() {
      items = [];
    },
  };
}

export type Outbox = ReturnType<typeof createOutbox>;

const bodyOf = ({ to, message, known_seq }: Pending): Send =>
  to.startsWith('@')
    ? { handle: to.slice(1), message, known_seq }
    : { message_group_uuid: to, message, known_seq };

function load(storage: KeptStorage, prefix: string): Pending[] {
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

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
