import type { Trial } from './leases.ts';
import { isAfter } from './shard-reader.ts';

/** More would need a second write unit; of a batch that fails everywhere, the others begin anew with the next runner. */
const maxTrials = 10;

export type Trials = ReturnType<typeof createTrials>;

/** What a source tried of a shard and has not done yet, for the runner that comes after. */
export function createTrials(known: Trial[]) {
  const trials = new Map(known.map((trial) => [trial.from, trial]));
  return {
    get: (from: string) => trials.get(from),
    list: () => [...trials.values()],
    /** That a delivery begins. Of too many, those last noted are kept. */
    note(trial: Trial) {
      trials.delete(trial.from);
      trials.set(trial.from, trial);
      const [oldest] = trials.keys();
      if (trials.size > maxTrials && oldest) trials.delete(oldest);
    },
    forget: (from: string) => trials.delete(from),
    /** What a position has passed is done, or a dead letter. */
    forgetUpTo(doneTo: string | undefined) {
      for (const from of trials.keys()) if (!isAfter(from, doneTo)) trials.delete(from);
    },
  };
}
