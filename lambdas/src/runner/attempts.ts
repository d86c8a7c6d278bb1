import type { Attempt } from './leases.ts';
import { isAfter } from './sequence-numbers.ts';

/** Ten fit into one write unit. For further failing records, the next runner starts its count again. */
const maxAttempts = 10;

export type Attempts = ReturnType<typeof createAttempts>;

/** The deliveries of a source that were started and are not done. They are stored for the shard's next runner. */
export function createAttempts(known: Attempt[]) {
  const attempts = new Map(known.map((attempt) => [attempt.from, attempt]));
  return {
    get: (from: string) => attempts.get(from),
    list: () => [...attempts.values()],
    /** Adds a delivery that starts. Beyond ten, the oldest is dropped. */
    start(attempt: Attempt) {
      attempts.delete(attempt.from);
      attempts.set(attempt.from, attempt);
      const [oldest] = attempts.keys();
      if (attempts.size > maxAttempts && oldest) attempts.delete(oldest);
    },
    forget: (from: string) => attempts.delete(from),
    /** Removes the attempts of all records up to this sequence number. */
    forgetUpTo(doneTo: string | undefined) {
      for (const from of attempts.keys()) if (!isAfter(from, doneTo)) attempts.delete(from);
    },
  };
}
