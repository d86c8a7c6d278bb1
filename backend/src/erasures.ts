import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, letterBucketOptions } from '@parley/config/config';
import { openLetterBucket } from '@parley/core/erasure/dead-letters';
import * as erase from '@parley/core/erasure/erase';
import * as erasures from '@parley/core/erasure/erasures';
import type { Log } from '@parley/core/log/log';
import type { UserPool } from '@parley/core/people/sign-ins';
import * as signIns from '@parley/core/people/sign-ins';
import type { Pool } from 'pg';
import type { Logger } from './observe/logger.ts';

/** Every node looks for unfinished erasures this often, because an erasure outlives the process that began it. */
const defaultEveryMs = 30_000;

export type Erasures = ReturnType<typeof createErasures>;

export type ErasuresOptions = {
  config: Config;
  log: Log;
  pool: Pool;
  client: UserPool['client'];
  logger: Logger;
  everyMs?: number;
};

/** Finishes erasures. Several nodes may work on the same one, because every step can be repeated. */
export function createErasures(options: ErasuresOptions) {
  const { config, pool, client, logger, everyMs = defaultEveryMs } = options;
  const stopping = new AbortController();
  const userPool = config.COGNITO_USER_POOL_ID ? { client, id: config.COGNITO_USER_POOL_ID } : undefined;
  const passes = createPasses(options, userPool, stopping.signal);
  let isRequested = false;
  let running: Promise<void> | undefined;
  let loop: Promise<void> | undefined;

  async function run() {
    while (isRequested && !stopping.signal.aborted) {
      isRequested = false;
      for (const erasure of await erasures.unfinished(pool)) {
        if (stopping.signal.aborted) return;
        await passes.run(erasure);
      }
    }
  }

  /** One pass of every unfinished erasure. Rejects if Postgres is away. */
  function sweep(): Promise<void> {
    isRequested = true;
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  }

  const sweepSoon = (level: 'info' | 'warn' = 'warn') =>
    void sweep().catch((err) =>
      logger[level]({ err }, 'unfinished erasures could not be read, and the next pass tries again'),
    );

  async function repeat() {
    // A node may start before Postgres and its first migration.
    sweepSoon('info');
    while (!stopping.signal.aborted) {
      await sleep(everyMs * (0.5 + Math.random()), undefined, { signal: stopping.signal }).catch(() => {});
      if (!stopping.signal.aborted) sweepSoon();
    }
  }

  return {
    sweep,
    /** Makes a person's row a tombstone and deletes their sign-in; the rest follows in the background. */
    async begin(userUuid: string, token: string) {
      const erasure = await erasures.begin(pool, userUuid);
      if (erasure && userPool && erasures.hasSignIn(erasure)) {
        try {
          await signIns.removeOwn(userPool, token);
          await erasures.forgetSub(pool, erasure);
        } catch (err) {
          logger.warn({ userUuid, err }, 'the sign-in was not deleted, and the next pass tries again');
        }
      }
      sweepSoon();
    },
    start() {
      loop = repeat();
    },
    /** Resolves when the pass under way is done. */
    async stop() {
      stopping.abort();
      await loop;
      await running?.catch(() => {});
      await passes.close();
    },
  };
}

/** Passes of one erasure each. They share the bucket of dead letters, which the first of them opens. */
function createPasses(
  { config, log, pool, logger }: ErasuresOptions,
  userPool: UserPool | undefined,
  signal: AbortSignal,
) {
  let letterBucket: ReturnType<typeof openLetterBucket> | undefined;

  return {
    async run(erasure: erasures.Erasure) {
      const { uuid } = erasure;
      try {
        letterBucket ??= openLetterBucket(letterBucketOptions(config));
        const isFinished = await erase.pass(log, pool, erasure, {
          deleteSignIn: async (sub) => userPool && signIns.remove(userPool, sub),
          letterBucket: await letterBucket,
          signal,
        });
        if (isFinished) logger.info({ userUuid: uuid }, 'a person was erased');
      } catch (err) {
        if (!signal.aborted)
          logger.error({ userUuid: uuid, err }, 'an erasure is unfinished, and the next pass tries again');
      }
    },
    close: async () => (await letterBucket)?.close(),
  };
}
