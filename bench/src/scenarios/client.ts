import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import { clientConfig, type Table } from '@parley/core/table/client';
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
    const sdk = new DynamoDBClient(clientConfig('us-east-1', engine.url));
    const theirs = DynamoDBDocumentClient.from(sdk, { marshallOptions: { removeUndefinedValues: true } });
    const { doc: ours, name } = engine.connect();
    try {
      for (let sk = 0; sk < 25; sk += 1) await ours.send(new PutCommand({ TableName: name, Item: item(sk) }));
      const figures = [];
      for (const [what, requests, send] of operations) {
        const measured = { ours: [] as number[], theirs: [] as number[] };
        for (let round = isQuick ? 1 : 0; round <= (isQuick ? 1 : 7); round += 1)
          for (const [who, doc] of [
            ['theirs', theirs],
            ['ours', ours],
          ] as const) {
            const cpuMs = await cpuOf(isQuick ? 16 : requests, () => send(doc, name));
            if (round > 0) measured[who].push(cpuMs);
          }
        figures.push(
          compared({ scenario: 'client', name: what, unit: 'CPU ms' }, measured.ours, {
            name: "the SDK's document client",
            rounds: measured.theirs,
          }),
        );
      }
      return figures;
    } finally {
      sdk.destroy();
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
