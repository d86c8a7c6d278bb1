import { expect, test } from '@jest/globals';
import { checkpointOf, continueAt, isWriteDue } from './progress.ts';

const hourMs = 60 * 60_000;
const checkpoint = { sequenceNumber: '7', isFinished: false, updatedAtMs: 0 };

test('a source continues at its own progress, or at the checkpoint of all', () => {
  const known = { doneTo: '9', trials: [{ from: '10', records: 1, attempts: 2 }] };
  expect(continueAt(checkpoint, known, hourMs)).toEqual(known);
  expect(continueAt(checkpoint, undefined, hourMs)).toEqual({ doneTo: '7', trials: [] });
});

test('a position that is missing or older than 20 h is lost', () => {
  expect(continueAt(undefined, undefined, 0)).toBeUndefined();
  expect(continueAt(checkpoint, undefined, 20 * hourMs)).toBeDefined();
  expect(continueAt(checkpoint, { doneTo: '9', trials: [] }, 20 * hourMs + 1)).toBeUndefined();
});

test('the checkpoint is the least position of all sources', () => {
  const state = { isFinished: false, isPassed: true };
  const progress = { fast: { doneTo: '100', trials: [] }, slow: { doneTo: '99', trials: [] } };
  expect(checkpointOf(progress, state)).toEqual({ sequenceNumber: '99', ...state, progress });
  const behind = { ...progress, slow: { trials: [] } };
  expect(checkpointOf(behind, state).sequenceNumber).toBeUndefined();
});

test('a position that moved is written after 5 s, and one that did not after an hour', () => {
  expect([isWriteDue(4_999, true), isWriteDue(5_000, true)]).toEqual([false, true]);
  expect([isWriteDue(5_000, false), isWriteDue(hourMs, false)]).toEqual([false, true]);
});
