import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { LetterBucket } from '../dead-letters/letter-bucket.ts';
import type { Table } from '../table/client.ts';
import { scanPages } from '../table/read.ts';
import { erasureFaults } from './erasure-faults.ts';
import { type Rechecked, recheck } from './recheck.ts';
import { type Counters, createScan } from './scan.ts';
import { contextOf, hasAny } from './suspects.ts';

/*
 * Verifies the invariants on a live system.
 *
 * 1. The scan returns a conversation's entries in order, then the group, then its members. It folds the log, and
 *    compares it with the group, the members and their summaries (scan.ts). For each summary it looks for the member.
 * 2. A mismatch only makes a suspect, because the conversation may have changed during the scan, or its summaries
 *    trail.
 * 3. Each suspect is read again consistently, after a second and after the time of the trailing pass (recheck.ts).
 *    Summaries need only show the entry that was the newest during the scan. A remaining mismatch is a finding.
 */

export type CheckResult = Rechecked & { counters: Counters };

export type CheckOptions = {
  /** Called with the number of items read so far. */
  onProgress?: ((items: number) => void) | undefined;
  /** The times in milliseconds, from the end of the scan, at which suspects are read again. */
  settleMs?: number[];
  /** The bucket of dead letters on AWS. */
  letterBucket?: LetterBucket | undefined;
};

const settleMsDefault = [1_000, 6_000];

/** Checks every item of the table. Without a pool it skips invariant 7 (people exist in Postgres). */
export async function check(
  table: Table,
  pool: Pool | undefined,
  { onProgress, settleMs = settleMsDefault, letterBucket }: CheckOptions = {},
): Promise<CheckResult> {
  const context = await contextOf(table, pool);
  const scan = createScan(context);
  for await (const page of scanPages(table)) {
    await scan.add(page);
    onProgress?.(scan.counters.items);
  }
  await scan.end();
  const scannedAtMs = performance.now();
  let result: Rechecked = { findings: [], unsettled: 0, suspects: scan.suspects };
  for (const ms of settleMs) {
    if (!hasAny(result.suspects)) break;
    await sleep(Math.max(0, scannedAtMs + ms - performance.now()));
    result = await recheck(context, result.suspects);
  }
  const findings = [...result.findings, ...(await erasureFaults({ table, letterBucket }, pool))];
  return { ...result, findings, counters: scan.counters };
}
