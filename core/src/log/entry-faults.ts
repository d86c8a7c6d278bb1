import type { Entry } from './entries.ts';
import { type IsErased, withoutErased } from './erased.ts';
import type { Invariant } from './finding.ts';
import { kindOf } from './kinds/index.ts';

/** A fault of an entry. `isBreaking`: the log has a gap or a wrong count, so its positions cannot be checked. */
export type Fault = { invariant: Invariant; detail: string; isBreaking?: true };

export type LogSoFar = {
  seq: number;
  messageCount: number;
  newest: Pick<Entry, 'created_at'> | undefined;
  isErased: IsErased;
};

/** The faults of the next entry of a log. `duplicates` are the descriptions that `createDuplicates` returned for it. */
export function entryFaults(history: LogSoFar, entry: Entry, duplicates: string[]): Fault[] {
  const faults: Fault[] = [];
  const count = history.messageCount + (kindOf(entry).countsAsMessage ? 1 : 0);
  if (entry.seq !== history.seq + 1)
    faults.push({ invariant: 1, detail: `follows entry ${history.seq}`, isBreaking: true });
  if (entry.message_count !== count)
    faults.push({
      invariant: 1,
      detail: `message_count is ${entry.message_count}, not ${count}`,
      isBreaking: true,
    });
  if (history.newest && entry.created_at < history.newest.created_at)
    faults.push({
      invariant: 1,
      detail: `created_at ${entry.created_at} is before ${history.newest.created_at}`,
    });
  for (const detail of duplicates) faults.push({ invariant: 2, detail });
  if (withoutErased(entry, history.isErased) !== entry)
    faults.push({ invariant: 8, detail: 'holds data of an erased person' });
  return faults;
}
