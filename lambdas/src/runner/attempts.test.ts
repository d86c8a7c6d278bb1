import { expect, test } from '@jest/globals';
import { createAttempts } from './attempts.ts';

const attempt = (from: string, attempts = 1) => ({ from, records: 1, attempts });

test('the newest ten attempts are stored, each record once', () => {
  const attempts = createAttempts([attempt('1'), attempt('2')]);
  for (let number = 3; number <= 11; number += 1) attempts.start(attempt(String(number)));
  expect(attempts.list().map(({ from }) => from)).toEqual([
    '2',
    '3',
    '4',
    '5',
    '6',
    '7',
    '8',
    '9',
    '10',
    '11',
  ]);
  attempts.start(attempt('2', 5));
  attempts.start(attempt('12'));
  expect(attempts.get('3')).toBeUndefined();
  expect(attempts.get('2')).toEqual(attempt('2', 5));
});

test('a new position removes the attempts of the records up to it, and no others', () => {
  const attempts = createAttempts([attempt('9'), attempt('10'), attempt('11')]);
  attempts.forgetUpTo('10');
  expect(attempts.list()).toEqual([attempt('11')]);
  attempts.forgetUpTo(undefined);
  expect(attempts.list()).toEqual([attempt('11')]);
  attempts.forget('11');
  expect(attempts.list()).toEqual([]);
});
