import { describe, expect, jest, test } from '@jest/globals';
import { ApiError } from '../api/errors.ts';
import type { Send } from '../api/requests.ts';
import type { Entry } from '../api/types.ts';
import { createMemoryStorage } from '../storage.ts';
import { createOutbox } from './outbox.ts';

const uuid = 'b3f3c1de-0000-4000-8000-000000000001';
const noAnswer = () => new ApiError(0, ['no_answer']);

/** A server that first refuses with these errors. Its log has one entry for each key. */
function world(
  failures: (Error | undefined)[] = [],
  storage = createMemoryStorage(),
  sleep = async () => {},
) {
  const calls: { body: Send; key: string }[] = [];
  const log = new Map<string, Entry>();
  const sent: string[] = [];
  const outbox = createOutbox({
    storage,
    userUuid: 'me',
    sleep,
    onChange: () => {},
    onSent: ({ message }) => sent.push(message),
    async send(body, key) {
      calls.push({ body, key });
      const failure = failures.shift();
      if (failure) throw failure;
      const entry = log.get(key) ?? entryOf(body.message, 10 + log.size + 1);
      log.set(key, entry);
      return entry;
    },
  });
  return { outbox, calls, log, sent, storage };
}

const entryOf = (message: string, seq: number) =>
  ({ uuid: `m-${seq}`, seq, message, message_group_uuid: uuid, type: 'message' }) as Entry;
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
const add = (outbox: ReturnType<typeof world>['outbox'], message: string, to = uuid) =>
  outbox.add({ key: `key-${message}`, to, message, known_seq: 10 });

describe('the outbox', () => {
  test('repeats a send with the same key and known_seq until it is answered', async () => {
    const { outbox, calls, sent } = world([noAnswer(), new ApiError(503, ['busy'])]);
    add(outbox, 'hello');
    expect(outbox.of(uuid)).toMatchObject([{ state: 'sending' }]);
    await settle();
    expect(calls).toHaveLength(3);
    expect(new Set(calls.map((call) => JSON.stringify(call))).size).toBe(1);
    expect(sent).toEqual(['hello']);
    expect(outbox.of(uuid)).toEqual([]);
  });

  test('keeps the order of a conversation, and holds later messages while the first does not reach the server', async () => {
    const { outbox, calls, sent } = world(Array.from({ length: 5 }, noAnswer));
    add(outbox, 'one');
    add(outbox, 'two');
    await settle();
    expect(calls.every(({ body }) => body.message === 'one')).toBe(true);
    expect(outbox.of(uuid).map(({ state }) => state)).toEqual(['failed', 'sending']);
    outbox.retryUnreached();
    await settle();
    expect(sent).toEqual(['one', 'two']);
  });

  test('a message after a sent one is first sent with the seq of that entry as known_seq', async () => {
    const { outbox, calls } = world();
    add(outbox, 'one');
    add(outbox, 'two');
    await settle();
    expect(calls.map(({ body }) => body.known_seq)).toEqual([10, 11]);
  });

  test('a refused message fails at once with a reason, blocks no others, and is retried only on demand', async () => {
    const { outbox, calls, sent } = world([new ApiError(422, ['message_exceed_max_chars_1024'])]);
    add(outbox, 'long');
    add(outbox, 'short');
    await settle();
    expect(sent).toEqual(['short']);
    expect(outbox.of(uuid)).toMatchObject([
      { state: 'failed', reason: 'Too long: at most 1024 characters.' },
    ]);
    outbox.retryUnreached();
    await settle();
    expect(calls).toHaveLength(2);
    outbox.retry('key-long');
    await settle();
    expect(sent).toEqual(['short', 'long']);
  });

  test('survives a reload, and the same message sent twice is one entry', async () => {
    const storage = createMemoryStorage();
    const before = world(Array.from({ length: 5 }, noAnswer), storage);
    add(before.outbox, 'kept');
    await settle();
    const after = world([], storage);
    expect(after.outbox.of(uuid)).toMatchObject([{ message: 'kept', known_seq: 10 }]);
    after.outbox.retryUnreached();
    await settle();
    expect(after.calls).toEqual([before.calls[0]]);
    expect(storage.keys('').length).toBe(0);
  });

  test('messages after the one that begins a conversation go to that conversation', async () => {
    const { outbox, calls } = world();
    add(outbox, 'first', '@ben');
    add(outbox, 'second', '@ben');
    await settle();
    expect(calls.map(({ body }) => body.handle ?? body.message_group_uuid)).toEqual(['ben', uuid]);
  });

  test('a closed outbox sends and stores nothing more, and the next one has the waiting messages', async () => {
    let wake = () => {};
    const nap = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const { outbox, calls, storage } = world([noAnswer()], createMemoryStorage(), () => nap);
    add(outbox, 'unsent');
    await settle();
    outbox.close();
    expect(world([], storage).outbox.of(uuid)).toMatchObject([{ message: 'unsent' }]);
    for (const key of storage.keys('')) storage.remove(key);
    wake();
    await settle();
    expect([calls.length, outbox.of(uuid), storage.keys('').length]).toEqual([1, [], 0]);
  });

  test('keeps the order over a reload, even if the clock was set back between two messages', async () => {
    const storage = createMemoryStorage();
    const before = world(Array.from({ length: 5 }, noAnswer), storage);
    const now = Date.now();
    for (const [index, name] of ['one', 'two', 'three'].entries()) {
      jest.useFakeTimers({
        now: now - index * 3_600_000,
        doNotFake: ['setTimeout', 'setImmediate', 'nextTick'],
      });
      add(before.outbox, name);
    }
    jest.useRealTimers();
    await settle();
    const after = world([], storage);
    after.outbox.retryUnreached();
    await settle();
    expect(after.sent).toEqual(['one', 'two', 'three']);
  });

  test('a discarded message is not sent', async () => {
    const { outbox, sent, storage } = world(Array.from({ length: 5 }, noAnswer));
    add(outbox, 'regretted');
    await settle();
    outbox.discard('key-regretted');
    outbox.retryUnreached();
    await settle();
    expect([sent, outbox.of(uuid), storage.keys('').length]).toEqual([[], [], 0]);
  });

  test('a message that another page has sent or discarded is neither sent, shown nor stored again', async () => {
    let wake = () => {};
    const nap = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const { outbox, calls, storage } = world([noAnswer()], createMemoryStorage(), () => nap);
    add(outbox, 'sent there');
    add(outbox, 'discarded there');
    await settle();
    const other = world([], storage);
    other.outbox.discard('key-discarded there');
    other.outbox.retryUnreached();
    await settle();
    expect(other.sent).toEqual(['sent there']);
    wake();
    await settle();
    expect([calls.length, outbox.of(uuid), storage.keys('').length]).toEqual([1, [], 0]);
  });
});
