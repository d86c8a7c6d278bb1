import type { Pool } from 'pg';
import * as deadLetters from '../erasure/dead-letters.ts';
import * as erasures from '../erasure/erasures.ts';
import type { Finding } from '../log/fold.ts';

/** After this time an unfinished erasure is a finding. It takes a minute, and more with many conversations. */
const erasureMs = 10 * 60_000;

/** Unfinished erasures, and dead letters that hold data of erased people. */
export async function erasureFaults(
  stores: deadLetters.LetterStores,
  pool: Pool | undefined,
): Promise<Finding[]> {
  if (!pool) return [];
  const found: Finding[] = [];
  const isErased = await erasures.finished(pool);
  for await (const { name } of deadLetters.lettersToScrub(stores, isErased))
    found.push({ invariant: 8, key: name, detail: 'is a dead letter with data of an erased person' });
  for (const { uuid, erased_at } of await erasures.unfinished(pool)) {
    if (Date.now() - erased_at.getTime() < erasureMs) continue;
    const detail = `was erased at ${erased_at.toISOString()}, but not completely: run bin/erase-person --unfinished`;
    found.push({ invariant: 8, key: `users ${uuid}`, detail });
  }
  return found;
}
