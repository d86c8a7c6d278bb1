import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createDrafts } from './chat/drafts.ts';
import { createKeptStorage } from './storage.ts';
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
  return { storage, mood, kept: createKeptStorage(() => refusing) };
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
  const kept = createKeptStorage(() => {
    throw new DOMException('', 'SecurityError');
  });
  let heard = 0;
  kept.signal.subscribe(() => {
    heard += 1;
  });
  expect([kept.get('a'), kept.hasLost()]).toEqual([null, false]);
  const drafts = createDrafts(kept, 'ana');
  drafts.keep('tea', 'begun');
  drafts.keep('tea', 'begun and on');
  await Promise.resolve();
  expect([drafts.of('tea'), kept.hasLost(), heard]).toEqual(['begun and on', true, 1]);
  drafts.keep('tea', '');
  expect(drafts.of('tea')).toBe('');
});

test('what another page removes or writes counts here too; a storage that was emptied takes nothing away', async () => {
  const { storage, mood, kept } = moody();
  kept.set('session', 'mine');
  storage.removeItem('session');
  kept.hear({ key: 'session', newValue: null });
  expect(kept.get('session')).toBeNull();

  mood.refuses = (method) => method === 'setItem';
  kept.set('session', 'in memory');
  storage.setItem('session', 'of another page');
  kept.hear({ key: 'session', newValue: 'of another page' });
  expect(kept.get('session')).toBe('of another page');

  storage.clear();
  kept.hear({ key: null, newValue: null });
  expect([kept.get('session'), kept.hasLost()]).toEqual(['of another page', true]);
});

test('a reload has what was kept, and what could be kept again is', () => {
  const { storage, mood, kept } = moody();
  mood.refuses = (method) => method === 'setItem';
  kept.set('draft', 'one');
  mood.refuses = () => false;
  kept.set('draft', 'two');
  expect(createKeptStorage(() => storage).get('draft')).toBe('two');
});
