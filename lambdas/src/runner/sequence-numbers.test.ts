import { expect, test } from '@jest/globals';
import type { DynamoDBRecord } from 'aws-lambda';
import { isAfter, lastBefore, least, recordsAfter } from './sequence-numbers.ts';

const record = (SequenceNumber: string): DynamoDBRecord => ({ dynamodb: { SequenceNumber } });

test('sequence numbers of any length are compared as numbers', () => {
  expect(isAfter('100000000000000000000001', '100000000000000000000000')).toBe(true);
  expect(isAfter('9', '10')).toBe(false);
  expect(isAfter('10', '10')).toBe(false);
  expect(isAfter('1', undefined)).toBe(true);
  expect(isAfter(undefined, '1')).toBe(false);
  expect(isAfter(undefined, undefined)).toBe(false);
});

test('the least position is the one of the source furthest behind, and undefined if a source has none', () => {
  expect(least(['12', '9', '100'])).toBe('9');
  expect(least(['12', undefined, '9'])).toBeUndefined();
  expect(least([])).toBeUndefined();
});

test('a batch is done up to the last record before everything undone, whatever its order', () => {
  const batch = ['3', '1', '2', '10'].map(record);
  expect(lastBefore(batch, [record('10'), record('3')])).toBe('2');
  expect(lastBefore(batch, [record('1')])).toBeUndefined();
});

test('of a page that was partly read before, only the records after the position are returned', () => {
  const page = ['8', '9', '10'].map(record);
  expect(recordsAfter(page, '9')).toEqual([record('10')]);
  expect(recordsAfter(page, '7')).toBe(page);
  expect(recordsAfter(page, undefined)).toBe(page);
  expect(recordsAfter([], '7')).toEqual([]);
});
