import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { letterBucketOptions } from '@parley/config/config';
import { UsageError } from '@parley/config/explain';
import { openLetterBucket } from '@parley/core/erasure/dead-letters';
import * as erase from '@parley/core/erasure/erase';
import * as erasures from '@parley/core/erasure/erasures';
import { createLog } from '@parley/core/log/log';
import * as signIns from '@parley/core/people/sign-ins';
import { personOf } from './arguments.ts';
import { confirm } from './confirm.ts';
import { connect, run } from './connect.ts';
import { printable } from './print.ts';
import { createProgressBar } from './progress.ts';
import { createUserPool } from './user-pool.ts';

const retryMs = 1_000;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { unfinished: { type: 'boolean' }, yes: { type: 'boolean' } },
  });
  const [text] = positionals;
  if ((text === undefined) === !values.unfinished || positionals.length > 1)
    throw new UsageError('Give a handle or a uuid, or --unfinished. See --help.');
  const { config, table, pool, close } = connect();
  const letterBucket = await openLetterBucket(letterBucketOptions(config));
  const userPool = config.COGNITO_USER_POOL_ID ? createUserPool(config) : undefined;
  const log = createLog(table, { batch: 'transactions' });
  const bar = createProgressBar('Erasing');
  const deleteSignIn = async (sub: string) => {
    if (userPool) await signIns.remove(userPool, sub);
  };

  async function complete(erasure: erasures.Erasure) {
    for (;;) {
      const onConversation = (done: number, total: number) =>
        done === 1 ? bar.start(total, done) : bar.update(done);
      const isFinished = await erase.pass(log, pool, erasure, { deleteSignIn, letterBucket, onConversation });
      bar.stop();
      if (isFinished) return console.log(`${erasure.uuid}: nothing of this person is left.`);
      const leftMs = erasure.erased_at.getTime() + erase.settledAfterMs - Date.now();
      console.log(
        `${erasure.uuid}: hidden from everybody. One more pass in ${Math.ceil(Math.max(leftMs, retryMs) / 1_000)} s removes writes that were in flight. ` +
          'You may stop here: a running Parley, or --unfinished, completes it.',
      );
      await sleep(Math.max(leftMs, 0) + retryMs);
    }
  }

  try {
    for (const erasure of values.unfinished ? await erasures.unfinished(pool) : [await begin(text ?? '')])
      await complete(erasure);
    return 0;
  } finally {
    bar.stop();
    userPool?.client.destroy();
    letterBucket?.close();
    await close();
  }

  async function begin(text: string) {
    const { uuid, handle } = await personOf(pool, text);
    await confirm(`This erases @${printable(handle)} (${uuid}) for good.`, handle, values.yes);
    const erasure = await erasures.begin(pool, uuid);
    if (!erasure) throw new UsageError(`Nobody has the uuid ${uuid}.`);
    console.log(`@${printable(handle)} (${uuid}) is erased. Nobody can use this handle again.`);
    return erasure;
  }
}

await run(main);
