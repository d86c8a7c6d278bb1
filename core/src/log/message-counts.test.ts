import { expect, it } from '@jest/globals';
import { createMessageCounts } from './message-counts.ts';

it('stores the count at every entry while the log grows', () => {
  const counts = createMessageCounts();
  for (let seq = 1; seq <= 1_000; seq += 1) counts.set(seq, 2 * seq);
  expect([1, 63, 64, 65, 500, 1_000].map(counts.at)).toEqual([2, 126, 128, 130, 1_000, 2_000]);
});

it('stores the counts of a log that is read from its middle on', () => {
  const counts = createMessageCounts();
  for (let seq = 10_000; seq <= 10_005; seq += 1) counts.set(seq, seq);
  expect([10_000, 10_001, 10_005].map(counts.at)).toEqual([10_000, 10_001, 10_005]);
});
