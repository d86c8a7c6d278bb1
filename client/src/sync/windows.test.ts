import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { Entry } from '../api/types.ts';
import { createConversations } from './conversations.ts';
import { firstSeq, lastSeq, maxWindow, noteNewest, openWindow } from './history.ts';
import { createWindows } from './windows.ts';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
});
afterEach(() => {
  jest.useRealTimers();
});

const entry = (seq: number, message = 'text') => ({ uuid: `m-${seq}`, seq, message }) as Entry;
const range = (from: number, to: number, message?: string) =>
  Array.from({ length: to - from + 1 }, (_, at) => entry(from + at, message));

/** A window on a log of 2,000 entries. */
function world(from: number, to: number) {
  const log = range(1, 2_000);
  const asked: object[] = [];
  let isAway = false;
  const conversations = createConversations(() => {});
  conversations.begin('g');
  conversations.update('g', { status: 'ready' });
  conversations.updateHistory('g', (history) => noteNewest(openWindow(history, range(from, to)), 2_000));
  const windows = createWindows({
    api: {
      async entries(_, asking) {
        asked.push(asking);
        if (isAway) throw new Error('no answer');
        const { before, after, limit } = asking;
        if (after !== undefined) return log.slice(after, after + limit);
        const end = before === undefined ? log.length : before - 1;
        return log.slice(Math.max(0, end - limit), end);
      },
    },
    conversations,
  });
  const shown = () => {
    const known = conversations.get('g');
    return known && [firstSeq(known.history), lastSeq(known.history)];
  };
  const leave = () => {
    isAway = true;
  };
  return { windows, conversations, asked, log, shown, leave };
}

test('grows at either edge by a page, requested once, and not beyond the log', async () => {
  const { windows, asked, shown, conversations } = world(50, 1_950);
  const loading = [
    windows.loadOlder('g'),
    windows.loadOlder('g'),
    windows.loadNewer('g'),
    windows.loadNewer('g'),
  ];
  expect(conversations.get('g')).toMatchObject({ isLoadingOlder: true, isLoadingNewer: true });
  await Promise.all(loading);
  expect(conversations.get('g')).toMatchObject({ isLoadingOlder: false, isLoadingNewer: false });
  expect(asked).toEqual([
    { before: 50, limit: 100 },
    { after: 1_950, limit: 100 },
  ]);
  expect(shown()).toEqual([1, 2_000]);
  await Promise.all([windows.loadOlder('g'), windows.loadNewer('g'), windows.jumpToNewest('g')]);
  expect(asked).toHaveLength(2);
});

test('growth at one edge is cut at the other, after it is rendered', async () => {
  const { windows, shown } = world(701, 700 + maxWindow);
  await windows.loadOlder('g');
  expect(shown()).toEqual([601, 1_300]);
  jest.advanceTimersByTime(119);
  expect(shown()).toEqual([601, 1_300]);
  jest.advanceTimersByTime(1);
  expect(shown()).toEqual([601, 1_200]);
  await windows.loadNewer('g');
  jest.advanceTimersByTime(120);
  expect(shown()).toEqual([701, 1_300]);
});

test('live entries are cut once they exceed the bound by a page', () => {
  const { windows, conversations, shown } = world(1_301, 2_000);
  windows.trimAfterGrowth('g');
  jest.advanceTimersByTime(120);
  expect(shown()).toEqual([1_301, 2_000]);
  conversations.updateHistory('g', (history) => openWindow(history, range(1_300, 2_000)));
  windows.trimAfterGrowth('g');
  jest.advanceTimersByTime(120);
  expect(shown()).toEqual([2_001 - maxWindow, 2_000]);
});

test('a failed page does not change the window, and can be requested again', async () => {
  const { windows, shown, leave, asked, conversations } = world(500, 600);
  leave();
  await Promise.all([windows.loadOlder('g'), windows.loadNewer('g')]);
  expect([shown(), asked.length]).toEqual([[500, 600], 2]);
  expect(conversations.get('g')).toMatchObject({ isLoadingOlder: false, isLoadingNewer: false });
  await expect(windows.jumpToNewest('g')).rejects.toThrow('no answer');
});

test('jumps to the newest page', async () => {
  const { windows, shown } = world(500, 600);
  await windows.jumpToNewest('g');
  expect(shown()).toEqual([1_951, 2_000]);
});

test('reads every loaded entry again, and no other', async () => {
  const { windows, log, asked, conversations } = world(101, 350);
  log.splice(0, log.length, ...range(1, 2_000, 'changed'));
  await windows.reread('g');
  expect(asked).toEqual([100, 200, 300].map((after) => ({ after, limit: 100 })));
  const texts = conversations.get('g')?.history.entries.map(({ message }) => message);
  expect([texts?.length, new Set(texts)]).toEqual([250, new Set(['changed'])]);
});

test('a closed window cuts nothing later', async () => {
  const { windows, shown } = world(701, 700 + maxWindow);
  await windows.loadOlder('g');
  windows.close();
  jest.runAllTimers();
  expect(shown()).toEqual([601, 1_300]);
});
