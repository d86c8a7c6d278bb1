import { parseArgs } from 'node:util';
import { UsageError } from '@parley/config/explain';
import { givenPath } from '@parley/config/given-path';
import { isExport } from '@parley/core/transfer/export-file';
import { importMessages } from '@parley/core/transfer/import';
import { type RestoreResult, restore } from '@parley/core/transfer/restore';
import { connect, run } from './connect.ts';
import { readLines } from './lines.ts';
import { counted, printable } from './print.ts';
import { createProgressBar } from './progress.ts';

/** At most this many refusals are printed. The count at the end has them all. */
const maxPrinted = 20;

async function main() {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [given] = positionals;
  if (!given || positionals.length > 1) throw new UsageError('Give one file. See --help.');
  const file = givenPath(process.env, given);
  return (await isExportFile(file)) ? restoreExport(file) : importRooms(file);
}

async function isExportFile(file: string): Promise<boolean> {
  for await (const line of readLines(file)) return isExport(line);
  return false;
}

async function restoreExport(file: string) {
  const { table, pool, close } = connect();
  const bar = createProgressBar('Restoring');
  const stopping = stopOnSignal();
  let isStarted = false;
  try {
    const result = await restore(table, pool, () => readLines(file), {
      onProgress({ total, done }) {
        if (!isStarted) bar.start(total);
        isStarted = true;
        bar.update(done);
      },
      signal: stopping,
    });
    bar.stop();
    return report(result);
  } finally {
    bar.stop();
    await close();
  }
}

/** Prints the result and returns the exit code. */
function report({
  manifest,
  written,
  erased,
  refusedPeople,
  refusedConversations,
  isStopped,
}: RestoreResult) {
  for (const { uuid, handle } of refusedPeople.slice(0, maxPrinted))
    console.error(
      `@${printable(handle)} (${uuid}): the handle is reserved, or the handle, the e-mail address or the sign-in belongs to somebody else here`,
    );
  if (refusedPeople.length > 0) {
    printMore(refusedPeople.length);
    console.error(
      `${counted(refusedPeople.length, 'person', 'people')} cannot be restored, so no conversation was restored.`,
    );
    console.error(
      'Restore them into a system without people of its own: bin/start --empty (docs/export.md).',
    );
    return 1;
  }
  for (const uuid of refusedConversations.slice(0, maxPrinted))
    console.error(`${uuid}: exists here with another log, and was not changed`);
  printMore(refusedConversations.length);
  console.log(
    `Restored ${counted(manifest.people, 'person', 'people')} and ${counted(manifest.conversations, 'conversation')}: ` +
      `${written} of ${counted(manifest.entries, 'entry was', 'entries were')} missing.`,
  );
  if (erased > 0)
    console.log(`${counted(erased, 'entry', 'entries')} of people erased here were restored empty.`);
  if (isStopped) {
    console.log('Stopped before the end. Run the same command to continue.');
    return 130;
  }
  return refusedConversations.length > 0 ? 1 : 0;
}

function printMore(count: number) {
  if (count > maxPrinted) console.error(`and ${count - maxPrinted} more`);
}

async function importRooms(file: string) {
  const { config, table, pool, close } = connect();
  const bar = createProgressBar('Importing');
  const stopping = stopOnSignal();
  let printed = 0;
  let isStarted = false;
  const startedAtMs = performance.now();
  try {
    const result = await importMessages(table, pool, () => readLines(file), {
      messageMaxChars: config.MESSAGE_MAX_CHARS,
      onBadLine(line, reason) {
        printed += 1;
        if (printed <= maxPrinted) console.error(`line ${line}: ${reason}`);
        else if (printed === maxPrinted + 1) console.error('Further bad lines are only counted.');
      },
      onProgress({ total, done, before }) {
        if (!isStarted) bar.start(total);
        isStarted = true;
        bar.update(done - before);
      },
      signal: stopping,
    });
    bar.stop();
    const { total, done, before, rooms, people, badLines, isStopped } = result;
    const seconds = (performance.now() - startedAtMs) / 1_000;
    const messages = done - before;
    console.log(
      `Imported ${counted(messages, 'message')} of ${counted(people, 'person', 'people')} in ${counted(rooms, 'room')} ` +
        `in ${seconds.toFixed(1)} s (${Math.round(messages / seconds)}/s).`,
    );
    if (before > 0) console.log(`${counted(before, 'message was', 'messages were')} imported before.`);
    if (badLines > 0) console.error(`${counted(badLines, 'bad line was', 'bad lines were')} skipped.`);
    if (badLines > 0 && total === 0) {
      console.error('No line of this file is a message. See --help.');
      return 1;
    }
    if (isStopped)
      console.log(`Stopped with ${counted(total - done, 'message')} left. Run the same command to continue.`);
    if (isStopped) return 130;
    return badLines > 0 ? 1 : 0;
  } finally {
    bar.stop();
    await close();
  }
}

/** The first signal stops after the current batch, the second at once. Both are safe. */
function stopOnSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (stopping.signal.aborted) process.exit(130);
      stopping.abort();
    });
  return stopping.signal;
}

await run(main);
