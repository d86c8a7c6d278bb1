import { expect, test } from '@jest/globals';
import type { Entry } from '../api/types.ts';
import { createCatchUp } from './catch-up.ts';
import { createConversations } from './conversations.ts';
import { lastSeq, noteNewest, openWindow } from './history.ts';

const entry = (seq: number) => ({ uuid: `m-${seq}`, seq }) as Entry;
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => entry(from + at));

/** A window that ends at 10, of a log that ends at `log.length`. */
function world(length: number) {
  const log = range(1, length);
  const asked: { after?: number; limit: number }[] = [];
  const done: string[] = [];
  let fail = false;
  const conversations = createConversations(() => {});
  conversations.begin('g');
  conversations.update('g', { status: 'ready' });
  conversations.updateHistory('g', (history) => noteNewest(openWindow(history, range(1, 10)), length));
  const catchUp = createCatchUp({
    api: {
      async entries(_, asking) {
        asked.push(asking);
        const page = log.slice(asking.after, (asking.after ?? 0) + asking.limit);
        await new Promise((resolve) => setImmediate(resolve));
        if (fail) throw new Error('no answer');
        return page;
      },
    },
    conversations,
    onDone: (uuid) => done.push(uuid),
  });
  const last = () => {
    const known = conversations.get('g');
    return known && lastSeq(known.history);
  };
  return { catchUp, conversations, log, asked, done, last, setFailing: (is: boolean) => (fail = is) };
}

test('reads page after page up to the end, and reports when it is done', async () => {
  const { catchUp, asked, done, last } = world(230);
  await catchUp('g');
  expect(asked.map(({ after }) => after)).toEqual([10, 110, 210]);
  expect([last(), done]).toEqual([230, ['g']]);
});

test('sends one request even if nothing newer is known, because an event may have been lost', async () => {
  const { catchUp, asked, log, last } = world(10);
  log.push(entry(11));
  await catchUp('g');
  expect([asked.length, last()]).toEqual([1, 11]);
});

test('a second call joins the read in flight, which then also reads newer entries', async () => {
  const { catchUp, asked, log, last, done } = world(12);
  const first = catchUp('g');
  log.push(entry(13));
  const second = catchUp('g');
  expect(second).toBe(first);
  await second;
  expect([asked.length, last(), done.length]).toEqual([2, 13, 1]);
});

test('does not read for a window that is far behind, or a conversation that is not ready', async () => {
  const far = world(511);
  await far.catchUp('g');
  expect(far.asked).toEqual([]);
  const near = world(510);
  await near.catchUp('g');
  expect(near.last()).toBe(510);
  const closed = world(20);
  closed.conversations.update('g', { status: 'missing' });
  await closed.catchUp('g');
  expect([closed.asked, closed.done]).toEqual([[], ['g']]);
});

test('a failed read ends, and the next call reads again', async () => {
  const { catchUp, setFailing, last, asked } = world(12);
  setFailing(true);
  await catchUp('g');
  setFailing(false);
  await catchUp('g');
  expect([asked.length, last()]).toEqual([2, 12]);
});
