/**
 * Seeds whose campaigns once found a bug, replayed by the tests. Seed 3 found that a node lost the positions up to
 * which its sockets had received entries (docs/reliability.md). To save time, the tests run only one of the found
 * seeds; `bin/faults --seeds 2,3` runs all.
 */
export const failingSeeds = [{ seed: 3, kills: 10 }];
