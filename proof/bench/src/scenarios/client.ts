import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import { clientConfig, skipLogCopies, type Table } from '@parley/core/table/client';
import { createDocumentClient } from '@parley/core/table/document-client';
import { startEngine } from '../engine.ts';
import { compared } from '../figures.ts';
import { text60 } from '../people.ts';
import type { Scenario } from '../scenario.ts';

const inFlight = 8;
const item = (sk: number) => ({
  ...{ pk: 'MSG#client', sk: `${1_000 + sk}`, seq: sk, message_count: sk, message: text60, large: true },
  ...{ user_handle: 'ada', user_display_name: 'Ada', created_at: '2026-01-01T00:00:00.000Z' },
});

type Doc = Pick<Table['doc'], 'send'>;
const operations: [string, number, (doc: Doc, TableName: string) => Promise<unknown>][] = [
  [
    'a consistent read by key',
    800,
    (doc, TableName) =>
      doc.send(new GetCommand({ TableName, Key: { pk: 'MSG#client', sk: '1001' }, ConsistentRead: true })),
  ],
  [
    'a query for 20 items',
    400,
    (doc, TableName) =>
      doc.send(
        new QueryCommand({
          ...{ TableName, Limit: 20, KeyConditionExpression: 'pk = :pk' },
          ExpressionAttributeValues: { ':pk': 'MSG#client' },
        }),
      ),
  ],
  [
    'a transaction of 25 puts',
    200,
    (doc, TableName) => {
      const TransactItems = Array.from({ length: 25 }, (_, sk) => ({ Put: { TableName, Item: item(sk) } }));
      return doc.send(new TransactWriteCommand({ TransactItems }));
    },
  ],
];

/** What a request costs in this process, beside the SDK's own document client (docs/decisions/0017-a-lean-client.md). */
export const client: Scenario = {
  name: 'client',
  about: "CPU time of a request to the table, beside the SDK's document client",
  async run({ isQuick }) {
    const engine = await startEngine({ hasStream: false });
    const config = clientConfig('us-east-1', engine.url);
    const sdk = new DynamoDBClient(config);
    const theirs = DynamoDBDocumentClient.from(sdk, { marshallOptions: { removeUndefinedValues: true } });
    const signed = createDocumentClient(config);
    for (const client of [theirs, signed]) skipLogCopies(client);
    const { doc: offAws, name } = engine.connect();
    const clients = { theirs, signed, offAws };
    try {
      for (let sk = 0; sk < 25; sk += 1)
        await signed.send(new PutCommand({ TableName: name, Item: item(sk) }));
      const figures = [];
      for (const [what, requests, send] of operations) {
        const measured = { theirs: [] as number[], signed: [] as number[], offAws: [] as number[] };
        for (let round = isQuick ? 1 : 0; round <= (isQuick ? 1 : 7); round += 1)
          for (const who of ['theirs', 'signed', 'offAws'] as const) {
            const cpuMs = await cpuOf(isQuick ? 16 : requests, () => send(clients[who], name));
            if (round > 0) measured[who].push(cpuMs);
          }
        for (const who of ['signed', 'offAws'] as const)
          figures.push(
            compared(
              {
                scenario: 'client',
                name: `${what}, ${who === 'signed' ? 'signed' : 'off AWS'}`,
                unit: 'CPU ms',
              },
              measured[who],
              { name: "the SDK's document client", rounds: measured.theirs },
            ),
          );
      }
      return figures;
    } finally {
      for (const client of [sdk, signed]) client.destroy();
      await engine.stop();
    }
  },
};

/** CPU time of this process for each of so many requests, in ms. */
async function cpuOf(requests: number, send: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  const loop = async () => {
    for (let sent = 0; sent < requests; sent += inFlight) await send();
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / requests;
}
