import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createTyping } from './typing.ts';

const hourMs = 3_600_000;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('a clock set back neither prolongs the typing of others nor delays the own', () => {
  let changes = 0;
  const typing = createTyping(() => {
    changes += 1;
  });
  typing.start('tea', 'ben');
  expect([typing.people('tea'), typing.shouldSend('tea')]).toEqual([['ben'], true]);
  jest.setSystemTime(Date.now() - hourMs);
  jest.advanceTimersByTime(3_100);
  expect([typing.people('tea'), typing.shouldSend('tea')]).toEqual([['ben'], true]);
  jest.advanceTimersByTime(2_000);
  expect([typing.people('tea'), changes]).toEqual([[], 2]);
  typing.close();
});

test('a clock set ahead ends no typing early', () => {
  const typing = createTyping(() => {});
  typing.start('tea', 'ben');
  typing.shouldSend('tea');
  jest.setSystemTime(Date.now() + hourMs);
  expect([typing.people('tea'), typing.shouldSend('tea')]).toEqual([['ben'], false]);
  typing.close();
});

test('after a message typing is sent again, but not before the server accepts it', () => {
  let nowMs = 10_000;
  const typing = createTyping(
    () => {},
    () => nowMs,
  );
  const asked = [0, 500, 700].map((passedMs) => {
    nowMs += passedMs;
    const shouldSend = typing.shouldSend('c');
    if (passedMs === 0) typing.endOwn('c');
    return shouldSend;
  });
  expect(asked).toEqual([true, false, true]);
});
