import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { loadConfig } from '@parley/config/config';
import { UsageError } from '@parley/config/explain';
import { clientConfig } from '@parley/core/table/client';
import pg from 'pg';
import { run } from './connect.ts';

const pollMs = 250;
const attemptMs = 2_000;

type Engine = { name: string; address: string; ask(): Promise<unknown> };

await run(async () => {
  const [seconds = '60', ...rest] = process.argv.slice(2);
  if (rest.length > 0 || !/^\d{1,5}$/.test(seconds)) throw new UsageError('bin/wait [SECONDS]');
  const deadlineMs = performance.now() + Number(seconds) * 1_000;
  const answers = await Promise.all(engines().map((engine) => answersUntil(engine, deadlineMs, seconds)));
  return answers.every(Boolean) ? 0 : 1;
});

function engines(): Engine[] {
  const config = loadConfig(process.env);
  const signIn = config.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER;
  const all: Engine[] = [
    {
      name: 'Postgres',
      address: config.DATABASE_URL && new URL(config.DATABASE_URL).host,
      ask: () => askPostgres(config.DATABASE_URL),
    },
    {
      name: 'DynamoDB',
      address: config.AWS_ENDPOINT_URL_DYNAMODB,
      ask: () => listTables(config.AWS_REGION, config.AWS_ENDPOINT_URL_DYNAMODB),
    },
    {
      name: 'the sign-in',
      address: signIn,
      ask: async () => (await fetch(signIn, { signal: AbortSignal.timeout(attemptMs) })).body?.cancel(),
    },
  ];
  return all.filter(({ address }) => address);
}

/** Prints each reason for waiting once. */
async function answersUntil({ name, address, ask }: Engine, deadlineMs: number, seconds: string) {
  let printed = '';
  for (;;) {
    try {
      await ask();
      console.log(`${name} answers at ${address}`);
      return true;
    } catch (error) {
      const reason = reasonOf(error);
      if (performance.now() > deadlineMs) {
        console.error(`${name} did not answer at ${address} within ${seconds} s: ${reason}`);
        return false;
      }
      if (printed !== reason) console.log(`Waiting for ${name} at ${address}: ${reason}`);
      printed = reason;
    }
    await sleep(pollMs);
  }
}

/**
 * Connects over TCP, because a Postgres container that is still creating its database answers only on its Unix socket.
 */
async function askPostgres(connectionString: string) {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: attemptMs });
  try {
    await client.connect();
    await client.query('select 1');
  } finally {
    await client.end();
  }
}

async function listTables(region: string, endpoint: string) {
  const client = new DynamoDBClient({ ...clientConfig(region, endpoint), maxAttempts: 1 });
  try {
    await client.send(new ListTablesCommand({ Limit: 1 }), { requestTimeout: attemptMs });
  } finally {
    client.destroy();
  }
}

/** Finds the reason among the causes, because fetch and the SDK hide it there. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return error.message || error.name;
}
