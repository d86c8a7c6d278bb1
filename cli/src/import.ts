import { parseArgs } from 'node:util';
import { importMessages } from '@parley/core/import';
import { connect, run, UsageError } from './connect.ts';
import { readLines } from './lines.ts';
import { createProgressBar } from './progress.ts';

/** Bad lines told one by one; the count at the end has them all. */
const maxTold = 100;

async function main() {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [file] = positionals;
  if (!file || positionals.length > 1) throw new UsageError('Which file? See --help.');
  const { config, table, pool, close } = connect();
  const bar = createProgressBar('Importing');
  const stopping = stopOnSignal();
  let told = 0;
  let isStarted = false;
  const startedAtMs = performance.now();
  try {
    const result = await importMessages(table, pool, () => readLines(file), {
      messageMaxChars: config.MESSAGE_MAX_CHARS,
      onBadLine(line, reason) {
        told += 1;
        if (told <= maxTold) console.error(`line ${line}: ${reason}`);
        else if (told === maxTold + 1) console.error('More bad lines are only counted.');
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
      `Imported ${messages} messages of ${people} people in ${rooms} rooms ` +
        `in ${seconds.toFixed(1)} s (${Math.round(messages / seconds)}/s).`,
    );
    if (before > 0) console.log(`${before} messages were there already.`);
    if (badLines > 0) console.log(`${badLines} bad lines were skipped.`);
    if (isStopped)
      console.log(`Stopped with ${total - done} messages left. The same command goes on from here.`);
    return isStopped ? 130 : 0;
  } finally {
    bar.stop();
    await close();
  }
}

/** The first signal stops in order, the second at once; both are safe. */
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
