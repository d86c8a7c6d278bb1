import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { suiteLogger } from '@parley/backend/testing/suite-log';
import { createWorld } from '@parley/backend/testing/world';
import { loadConfig, tableOptions } from '@parley/config/config';
import { runChecks } from '@parley/conformance/run';
import { clientConfig, closeTable, createTable } from '@parley/core/table/client';
import { startFaultProxy } from '@parley/engines/testing/fault-proxy';
import { testEndpoint } from '@parley/engines/testing/test-table';
import { createMessageStream } from '@parley/lambdas/message-stream/live';
import { eventSources } from '@parley/lambdas/runner/event-sources';
import { createStreamRunner } from '@parley/lambdas/runner/stream-runner';

type Request = {
  TableName?: string;
  IndexName?: string;
  RequestItems?: Record<string, unknown>;
  TransactItems?: Record<string, { TableName: string }>[];
  Statements?: { Statement: string }[];
};

/** The IAM actions that a request needs, each with its table or index. */
function actionsOf(operation: string, request: Request): [action: string, resource: string][] {
  const { TableName = '', IndexName, RequestItems, TransactItems, Statements } = request;
  if (RequestItems) return Object.keys(RequestItems).map((table) => [operation, table]);
  if (TransactItems)
    return TransactItems.flatMap((item) =>
      Object.entries(item).map(([kind, { TableName }]): [string, string] => [
        kind === 'ConditionCheck' ? 'ConditionCheckItem' : `${kind}Item`,
        TableName,
      ]),
    );
  if (Statements)
    return Statements.map(({ Statement }) => {
      const [verb = '', table = ''] = /^(\w+)(?: INTO)? "([^"]+)"/i.exec(Statement)?.slice(1) ?? [];
      return [`PartiQL${verb[0]}${verb.slice(1).toLowerCase()}`, table];
    });
  return [[operation, IndexName ? `${TableName}/index/${IndexName}` : TableName]];
}

/** Records the requests to the table as `action resource`, with the tables' names on AWS. */
async function startWatch(names: Record<string, string>) {
  const actions = new Set<string>();
  const { endpoint, close } = await startFaultProxy(testEndpoint(), (operation, body) => {
    for (const [action, resource] of actionsOf(operation, JSON.parse(String(body)))) {
      const [table = '', ...index] = resource.split('/');
      actions.add([`dynamodb:${action}`, [names[table], ...index].join('/')].join(' '));
    }
    return 'pass';
  });
  return { endpoint, actions, close };
}

/**
 * Runs everything that a client can request through the API and the stream's functions. Returns the actions that they
 * used on each table, which their roles must allow.
 */
export async function actionsInUse() {
  const world = await createWorld();
  const names = { [world.table.name]: 'parley-messages', [world.table.runnerName]: 'parley-runner' };
  const [ofApi, ofStream] = await Promise.all([startWatch(names), startWatch(names)]);
  // Statements, as on AWS, where they are cheaper than transactions.
  const via = (endpoint: string) => ({ AWS_ENDPOINT_URL_DYNAMODB: endpoint, APPEND_BATCH: 'statements' });
  const config = loadConfig({ ...world.env, ...via(ofStream.endpoint) });
  const table = createTable(tableOptions(config));
  const logger = suiteLogger();
  const messageStream = createMessageStream(config, table, logger);
  const streams = new DynamoDBStreamsClient(clientConfig('us-east-1', testEndpoint()));
  const sources = eventSources(messageStream.handlers).map((source) => ({
    ...source,
    // Nobody wakes it.
    maxPollMs: 10,
  }));
  const runner = createStreamRunner({ table: world.table, streams, sources, logger, repair: async () => {} });
  runner.start();
  try {
    const api = await world.liveNode(via(ofApi.endpoint));
    const people = await Promise.all(['one', 'other', 'third'].map((handle) => world.person(handle)));
    const results = await runChecks(
      api.url,
      people.map(({ token }) => token),
    );
    // In addition to the suite: an erasure.
    const erased = await api.delete('/api/profile', { as: people[2] });
    await api.ctx.erasures.sweep();
    await api.close();
    return {
      complaints: results.filter(({ error }) => error),
      erased: erased.status,
      ofApi: [...ofApi.actions].sort(),
      ofStream: [...ofStream.actions].sort(),
    };
  } finally {
    await runner.stop();
    messageStream.close();
    streams.destroy();
    closeTable(table);
    await world.close();
    await Promise.all([ofApi.close(), ofStream.close()]);
  }
}
