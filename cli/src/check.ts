import { parseArgs } from 'node:util';
import { letterBucketOptions } from '@parley/config/config';
import { type CheckResult, check } from '@parley/core/audit/check';
import { repair } from '@parley/core/audit/repair';
import { openLetterBucket } from '@parley/core/erasure/dead-letters';
import type { Finding, Invariant } from '@parley/core/log/fold';
import { countItems } from '@parley/core/table/read';
import { connect, run } from './connect.ts';
import { counted } from './print.ts';
import { createProgressBar } from './progress.ts';

/** At most this many keys are printed for each invariant. Its line has the full count. */
const maxPrinted = 50;

const lines: [Invariant | 6, string, (counters: CheckResult['counters']) => string][] = [
  [
    1,
    'Logs are dense, counted and ordered by time',
    (all) => `${counted(all.conversations, 'conversation')}, ${counted(all.entries, 'entry', 'entries')}`,
  ],
  [2, 'No message is in a log twice (within 200 entries)', (all) => counted(all.messages, 'message')],
  [
    3,
    'Summaries show the newest entry, and own messages as read',
    (all) => counted(all.summaries, 'summary', 'summaries'),
  ],
  [4, 'Counts match their positions', (all) => counted(all.summaries, 'summary', 'summaries')],
  [5, 'Members, roles and titles follow from the log', (all) => counted(all.members, 'member')],
  [6, 'Live delivery (cannot be checked in stored data)', () => ''],
  [
    7,
    'Everybody in the table is in Postgres',
    (all) => `${counted(all.people, 'person', 'people')} with conversations`,
  ],
  [8, 'Nothing is left of erased people', () => ''],
];

async function main() {
  const { values } = parseArgs({ options: { repair: { type: 'boolean' } } });
  const { config, table, pool, close } = connect();
  const letterBucket = await openLetterBucket(letterBucketOptions(config));
  const bar = createProgressBar('Checking');
  try {
    bar.start(await countItems(table));
    const result = await check(table, pool, { onProgress: bar.update, letterBucket });
    bar.stop();
    print(result);
    const findings = values.repair ? await repaired(result) : result.findings;
    return findings.length > 0 ? 1 : 0;
  } finally {
    bar.stop();
    letterBucket?.close();
    await close();
  }

  async function repaired({ suspects, findings }: CheckResult) {
    if (findings.length === 0) {
      console.log('Nothing to repair.');
      return [];
    }
    const result = await repair(table, pool, suspects, { letterBucket });
    const { findings: left, unsettled, placeholders, rewritten, created, deleted } = result;
    console.log(
      `Repaired: ${counted(rewritten, 'summary', 'summaries')} rewritten, ${created} created, ${deleted} removed.`,
    );
    if (placeholders > 0)
      console.log(`${counted(placeholders, 'disabled placeholder')} created in Postgres.`);
    if (unsettled > 0)
      console.log(`${counted(unsettled, 'conversation')} changed during every read. Run it again.`);
    for (const finding of left.slice(0, maxPrinted)) console.log(`  not repaired: ${lineOf(finding)}`);
    if (left.length > maxPrinted) console.log(`  and ${left.length - maxPrinted} more`);
    return unsettled > 0 && left.length === 0 ? findings : left;
  }
}

function print({ findings, counters, unsettled }: CheckResult) {
  const text = (count: number, what: string) => (count > 0 ? `, ${count} ${what}` : '');
  for (const [invariant, name, counted] of lines) {
    const found = findings.filter((finding) => finding.invariant === invariant);
    const sign = invariant === 6 ? '·' : found.length > 0 ? '✗' : '✓';
    const count = counted(counters) + text(found.length, 'wrong');
    console.log(`${sign} ${invariant} ${name}${count && `: ${count}`}`);
    for (const finding of found.slice(0, maxPrinted)) console.log(`    ${lineOf(finding)}`);
    if (found.length > maxPrinted) console.log(`    and ${found.length - maxPrinted} more`);
  }
  if (counters.unknown > 0) console.log(`${counted(counters.unknown, 'item')} of another layout skipped.`);
  if (unsettled > 0)
    console.log(`${counted(unsettled, 'conversation')} changed during every read and could not be checked.`);
}

const lineOf = ({ key, detail }: Finding) => `${key}: ${detail}`;

await run(main);
