import { setTimeout as sleep } from 'node:timers/promises';
import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { afterAll, expect, test } from '@jest/globals';
import { loadConfig } from '@parley/config/config';
import { createLog } from '@parley/core/log/log';
import { createTable } from '@parley/core/table/client';
import pg from 'pg';
import { createErasures } from './erasures.ts';
import { createLogger } from './observe/logger.ts';

const client = new CognitoIdentityProviderClient({ region: 'us-east-1' });
const table = createTable({ region: 'us-east-1', endpoint: undefined, name: 'unused', runnerName: 'unused' });
afterAll(() => client.destroy());

/** The first two log lines of a node that cannot read unfinished erasures. */
async function firstLines(options: pg.PoolConfig): Promise<{ level: number; msg: string }[]> {
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line: string) => void lines.push(line) });
  const pool = new pg.Pool(options);
  const log = createLog(table, { batch: 'transactions' });
  const erasures = createErasures({ config: loadConfig({}), log, pool, client, logger, everyMs: 100 });
  erasures.start();
  while (lines.length < 2) await sleep(10);
  await erasures.stop();
  await pool.end();
  return lines.slice(0, 2).map((line) => JSON.parse(line));
}

const msg = 'unfinished erasures could not be read, and the next pass tries again';

test('a node warns of an unreachable Postgres only from the second failure on', async () => {
  const connectionString = 'postgres://nobody@127.0.0.1:1/nothing';
  expect(await firstLines({ connectionString })).toMatchObject([
    { level: 30, msg },
    { level: 40, msg },
  ]);
});
