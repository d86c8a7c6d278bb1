import { randomUUID } from 'node:crypto';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { loadConfig } from '@parley/config/config';
import * as entries from '@parley/core/log/entries';
import * as users from '@parley/core/people/users';
import { createProjector } from '@parley/core/projections/projector';
import { clientConfig, type Table } from '@parley/core/table/client';
import { noteSecret } from '@parley/engines/testing/suite-log';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable, testEndpoint } from '@parley/engines/testing/test-table';
import { createMessageStream } from '@parley/lambdas/message-stream/live';
import { eventSources } from '@parley/lambdas/runner/event-sources';
import { createStreamRunner } from '@parley/lambdas/runner/stream-runner';
import type { Logger } from '../observe/logger.ts';
import { clientId, createIssuer } from './issuer.ts';
import { type Closer, createNodes } from './nodes.ts';
import { suiteLogger } from './suite-log.ts';

export type TestPerson = users.User & { sub: string; token: string };
export type World = Awaited<ReturnType<typeof createWorld>>;

/** A table, a database, an issuer of tokens, people with tokens, and as many nodes of the API as a test wants. */
export async function createWorld() {
  const [table, database, issuer] = await Promise.all([
    createTestTable(),
    createTestDatabase(),
    createIssuer(),
  ]);
  const closers: Closer[] = [];

  const env = {
    AWS_ENDPOINT_URL_DYNAMODB: testEndpoint(),
    DDB_MESSAGE_TABLE: table.name,
    DDB_RUNNER_TABLE: table.runnerName,
    DATABASE_URL: database.url,
    DATABASE_POOL_SIZE: '3',
    COGNITO_USER_POOL_CLIENT_ID: clientId,
    TOKEN_ISSUER: issuer.issuer,
    // Nobody listens there: who has no profile cannot get one.
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://127.0.0.1:9',
    RATE_LIMIT_PER_MINUTE: '0',
    MAX_REQUESTS_PER_PERSON: '0',
    CURSOR_SECRETS: 'of cursors in these tests',
    DELIVERY_SECRETS: 'of these tests',
  };
  noteSecret(env.CURSOR_SECRETS);
  noteSecret(env.DELIVERY_SECRETS);

  const nodes = createNodes(env, closers);

  async function person(handle: string, displayName = handle): Promise<TestPerson> {
    const sub = randomUUID();
    const signUp = { sub, preferredUsername: handle, name: displayName, email: `${sub}@example.com` };
    const user = await users.insertFromSignUp(database.pool, signUp);
    return { ...user, sub, token: await issuer.token(sub) };
  }

  return {
    ...nodes,
    /** What the stream's Lambda does after a write: brings the summaries of a conversation up to its log. */
    project: (messageGroupUuid: string) => project(table, messageGroupUuid),
    /** The stream's Lambda with the local runner. */
    runStream(logger: Logger = suiteLogger()) {
      const { runner, stop } = startStream(env, table, logger);
      closers.push(stop);
      return { runner, stop };
    },
    table,
    database,
    issuer,
    env,
    person,
    async close() {
      for (const close of closers.reverse()) await close();
      await issuer.close();
      await database.close();
      await table.drop();
    },
  };
}

async function project(table: Table, messageGroupUuid: string) {
  const log = await entries.range(table, messageGroupUuid, { order: 'ascending' });
  const writtenAtMs = Date.now();
  const records = log.entries.map((entry) => ({ entry, writtenAtMs, sequenceNumber: String(entry.seq) }));
  const failed = await createProjector(table).project(records);
  if (failed.size > 0) throw new AggregateError(failed.values(), 'the projector failed');
}

function startStream(env: Record<string, string>, table: Table, logger: Logger) {
  const messageStream = createMessageStream(loadConfig(env), table, logger);
  const streams = new DynamoDBStreamsClient(clientConfig('us-east-1', testEndpoint()));
  const sources = eventSources(messageStream.handlers).map((source) => ({
    ...source,
    // Nobody wakes it.
    maxPollMs: 10,
  }));
  const runner = createStreamRunner({ table, streams, sources, logger, repair: async () => {} });
  runner.start();
  const stop = async () => {
    await runner.stop();
    messageStream.close();
    streams.destroy();
  };
  return { runner, stop };
}
