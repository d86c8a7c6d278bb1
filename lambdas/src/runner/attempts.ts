import type { Attempt } from './leases.ts';
import { isAfter } from './sequence-numbers.ts';

/** More would need a second write unit. If a batch fails everywhere, the next runner counts the others from the start. */
const maxAttempts = 10;

export type Attempts = ReturnType<typeof createAttempts>;

/** The deliveries of a source that were started and are not done, for the next runner of the shard. */
export function createAttempts(known: Attempt[]) {
  const attempts = new Map(known.map((attempt) => [attempt.from, attempt]));
  return {
    get: (from: string) => attempts.get(from),
    list: () => [...attempts.values()],
    /** Records that a delivery starts. If there are too many, the oldest is dropped. */
    start(attempt: Attempt) {
      attempts.delete(attempt.from);
      attempts.set(attempt.from, attempt);
      const [oldest] = attempts.keys();
      if (attempts.size > maxAttempts && oldest) attempts.delete(oldest);
    },
    forget: (from: string) => attempts.delete(from),
    /** Records up to a position are done, or dead letters. */
    forgetUpTo(doneTo: string | undefined) {
      for (const from of attempts.keys()) if (!isAfter(from, doneTo)) attempts.delete(from);
    },
  };
}
