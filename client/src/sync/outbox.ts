import { ApiError, explain } from '../api/errors.ts';
import type { Send } from '../api/requests.ts';
import type { Entry } from '../api/types.ts';
import { backoffMs } from '../live/backoff.ts';
import type { KeyValueStorage } from '../storage.ts';
import { createPendingList, type Pending } from './pending.ts';
import { outboxOf } from './stored.ts';

export type { Pending };

type Options = {
  send(body: Send, key: string): Promise<Entry>;
  storage: KeyValueStorage;
  userUuid: string;
  /** Called in the step that removes the pending message, so that the message shows exactly once. */
  onSent(pending: Pending, entry: Entry): void;
  onChange(): void;
  sleep?(ms: number): Promise<unknown>;
};

/** After this many failures in a row the person decides whether to retry. */
const maxTries = 5;

/**
 * Sends messages in order, one at a time for each conversation, and survives a reload. If a second tab sends the same
 * message, it uses the same key and gets the same entry.
 */
export function createOutbox({ send, storage, userUuid, onSent, onChange, sleep = pause }: Options) {
  const pending = createPendingList(storage, outboxOf(userUuid), onChange);
  const busy = new Set<string>();

  async function drain(to: string) {
    if (busy.has(to)) return;
    busy.add(to);
    try {
      for (let next = pending.head(to); next; next = pending.head(to)) await deliver(next);
    } finally {
      busy.delete(to);
    }
  }

  async function deliver(item: Pending) {
    pending.update(item.key, { isTried: true });
    for (let tries = 1; pending.isWaiting(item.key); tries += 1) {
      try {
        const entry = await send(bodyOf(item), item.key);
        pending.remove(item.key);
        advance(item, entry);
        onSent(item, entry);
        onChange();
        return;
      } catch (error) {
        const isTransient = !(error instanceof ApiError) || error.isTransient;
        if (!isTransient || tries === maxTries) {
          pending.update(item.key, { state: 'failed', reason: explain(error), isRefused: !isTransient });
          return;
        }
        const leastMs = error instanceof ApiError ? error.retryAfterMs : 0;
        await sleep(Math.max(leastMs, backoffMs(tries - 1)));
      }
    }
  }

  /** Gives later messages the sequence number of the sent one, and the conversation that it may have begun. */
  function advance({ to }: Pending, { seq, message_group_uuid }: Entry) {
    for (const item of pending.to(to)) {
      const known_seq = item.isTried ? item.known_seq : Math.max(item.known_seq, seq);
      pending.update(item.key, { to: message_group_uuid, known_seq });
    }
    if (to !== message_group_uuid) void drain(message_group_uuid);
  }

  function retry(key: string) {
    const item = pending.find(key);
    if (!item) return;
    pending.update(key, { state: 'sending', reason: undefined, isRefused: undefined });
    void drain(item.to);
  }

  return {
    of: pending.to,
    add(message: Pick<Pending, 'key' | 'to' | 'message' | 'known_seq'>) {
      pending.add(message);
      void drain(message.to);
    },
    retry,
    discard(key: string) {
      pending.remove(key);
      onChange();
    },
    /** Sends every message that did not reach the server, because it may be reachable again. */
    retryUnreached(to?: string) {
      const waiting = pending.all().filter((item) => !item.isRefused && (to === undefined || item.to === to));
      for (const { key, state } of waiting) if (state === 'failed') retry(key);
      for (const conversation of new Set(waiting.map((item) => item.to))) void drain(conversation);
    },
    /** Stops sending and storing, because another person may sign in next. Waiting messages stay stored. */
    close: pending.close,
  };
}

export type Outbox = ReturnType<typeof createOutbox>;

const bodyOf = ({ to, message, known_seq }: Pending): Send =>
  to.startsWith('@')
    ? { handle: to.slice(1), message, known_seq }
    : { message_group_uuid: to, message, known_seq };

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
