import { expect, test } from '@jest/globals';
import { ApiError } from '@parley/client/api/errors';
import type { Entry } from '@parley/client/api/types';
import { createDrafts } from '@parley/client/sync/drafts';
import { createOutbox } from '@parley/client/sync/outbox';
import fc from 'fast-check';
import { createPageStorage } from './storage.ts';
import { memoryStorage } from './testing/memory-storage.ts';

/** A browser's storage that refuses what it is told to. */
function moody() {
  const storage = memoryStorage();
  const mood = { refuses: (_method: string) => false };
  const refusing = new Proxy(storage, {
    get(target, name) {
      if (mood.refuses(String(name))) throw new DOMException('', 'QuotaExceededError');
      return Reflect.get(target, name);
    },
  });
  return { storage, mood, kept: createPageStorage(() => refusing) };
}

test('whatever the browser refuses, and whenever, the page has what it wrote', () => {
  const key = fc.constantFrom('draft.a', 'draft.b', 'other');
  const step = fc.record({
    kind: fc.constantFrom('set' as const, 'remove' as const, 'clear' as const),
    key,
    value: fc.string(),
    refused: fc.subarray(['getItem', 'setItem', 'removeItem', 'length', 'key']),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const { storage, mood, kept } = moody();
      const expected = new Map<string, string>();
      for (const { kind, key, value, refused } of steps) {
        mood.refuses = (method) => refused.includes(method);
        if (kind === 'clear') storage.clear();
        else if (kind === 'remove') {
          kept.remove(key);
          expected.delete(key);
        } else {
          kept.set(key, value);
          expected.set(key, value);
        }
        for (const each of ['draft.a', 'draft.b', 'other'])
          expect(kept.get(each)).toBe(expected.get(each) ?? null);
        const drafts = [...expected.keys()].filter((each) => each.startsWith('draft.'));
        expect(kept.keys('draft.').sort()).toEqual(drafts.sort());
      }
    }),
  );
});

test('a storage that cannot even be opened is replaced by memory, and the page hears once that something is lost', async () => {
  const kept = createPageStorage(() => {
    throw new DOMException('', 'SecurityError');
  });
  let heard = 0;
  kept.signal.subscribe(() => {
    heard += 1;
  });
  expect([kept.get('a'), kept.hasLost()]).toEqual([null, false]);
  const drafts = createDrafts(kept, 'ana');
  drafts.save('tea', 'begun');
  drafts.save('tea', 'begun and on');
  await Promise.resolve();
  expect([drafts.of('tea'), kept.hasLost(), heard]).toEqual(['begun and on', true, 1]);
  drafts.save('tea', '');
  expect(drafts.of('tea')).toBe('');
});

test('what another page removes or writes counts here too; a storage that was emptied takes nothing away', async () => {
  const { storage, mood, kept } = moody();
  kept.set('session', 'mine');
  storage.removeItem('session');
  kept.applyEvent({ key: 'session', newValue: null });
  expect(kept.get('session')).toBeNull();

  mood.refuses = (method) => method === 'setItem';
  kept.set('session', 'in memory');
  storage.setItem('session', 'of another page');
  kept.applyEvent({ key: 'session', newValue: 'of another page' });
  expect(kept.get('session')).toBe('of another page');

  storage.clear();
  kept.applyEvent({ key: null, newValue: null });
  expect([kept.get('session'), kept.hasLost()]).toEqual(['of another page', true]);
});

test('a reload has what was kept, and what could be kept again is', () => {
  const { storage, mood, kept } = moody();
  mood.refuses = (method) => method === 'setItem';
  kept.set('draft', 'one');
  mood.refuses = () => false;
  kept.set('draft', 'two');
  expect(createPageStorage(() => storage).get('draft')).toBe('two');
});

const entryOf = (message: string) =>
  ({ message, seq: 11, message_group_uuid: 'tea', type: 'message' }) as Entry;
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
const refuse = () => {
  throw new DOMException('', 'QuotaExceededError');
};

/** An outbox on the storage of a page. The first send gets no answer. */
function pageWithOutbox(storage: Storage, failures: Error[] = [], sleep = async () => {}) {
  const page = createPageStorage(() => storage);
  const sent: string[] = [];
  const calls: string[] = [];
  const outbox = createOutbox({
    storage: page,
    userUuid: 'me',
    sleep,
    onChange: () => {},
    onSent: ({ message }) => sent.push(message),
    async send({ message }) {
      calls.push(message);
      const failure = failures.shift();
      if (failure) throw failure;
      return entryOf(message);
    },
  });
  const add = (message: string) => outbox.add({ key: `key-${message}`, to: 'tea', message, known_seq: 10 });
  return { page, outbox, sent, calls, add };
}

test('a full storage holds up no message, and a forbidden one neither', async () => {
  const full = { ...memoryStorage(), setItem: refuse };
  const forbidden = new Proxy(memoryStorage(), { get: refuse });
  for (const storage of [full, forbidden]) {
    const { outbox, sent, add } = pageWithOutbox(storage, [new ApiError(0, ['no_answer'])]);
    add('one');
    add('two');
    await settle();
    expect([sent, outbox.of('tea')]).toEqual([['one', 'two'], []]);
  }
});

test('what another page has sent or discarded is neither sent, shown nor stored again from here', async () => {
  let wake = () => {};
  const nap = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const storage = memoryStorage();
  const { page, outbox, calls, add } = pageWithOutbox(storage, [new ApiError(0, ['no_answer'])], () => nap);
  add('sent there');
  add('discarded there');
  await settle();
  const other = pageWithOutbox(storage);
  other.outbox.discard('key-discarded there');
  other.outbox.retryUnreached();
  await settle();
  expect(other.sent).toEqual(['sent there']);
  for (const message of ['sent there', 'discarded there'])
    page.applyEvent({ key: `parley.outbox.me.key-${message}`, newValue: null });
  wake();
  await settle();
  expect([calls.length, outbox.of('tea'), storage.length]).toEqual([1, [], 0]);
});
