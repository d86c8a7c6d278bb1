import { expect, it } from '@jest/globals';
import type { Job } from './job.ts';
import { nextTurn } from './turn.ts';

const queueOf = (kinds: string) =>
  [...kinds].map(
    (kind, index) => ({ kind: kind === 'a' ? 'append' : 'transact', messageUuid: `${index}` }) as Job,
  );
const turnsOf = (kinds: string, maxEntries: number) => {
  const queue = queueOf(kinds);
  const turns: string[][] = [];
  while (queue.length > 0) turns.push(nextTurn(queue, maxEntries).map(({ messageUuid }) => messageUuid));
  return turns;
};

it('combines as many appends as a write may hold', () => {
  expect(turnsOf('aaaaa', 2)).toEqual([['0', '1'], ['2', '3'], ['4']]);
  expect(turnsOf('aaa', 25)).toEqual([['0', '1', '2']]);
});

it('gives a membership change a separate turn, in order', () => {
  expect(turnsOf('aataata', 25)).toEqual([['0', '1'], ['2'], ['3', '4'], ['5'], ['6']]);
  expect(turnsOf('tt', 25)).toEqual([['0'], ['1']]);
  expect(turnsOf('aaat', 2)).toEqual([['0', '1'], ['2'], ['3']]);
});
