import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchExecuteStatementCommand,
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  ExecuteStatementCommand,
  ExecuteTransactionCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  TransactGetCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestTable, testEndpoint } from '@parley/engines/testing/test-table';
import { clientConfig } from './client.ts';
import { createDocumentClient } from './document-client.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let sdk: DynamoDBDocumentClient;
let bare: DynamoDBClient;
beforeAll(async () => {
  table = await createTestTable();
  bare = new DynamoDBClient(clientConfig('us-east-1', testEndpoint()));
  const unmarshallOptions = { wrapNumbers: Number };
  sdk = DynamoDBDocumentClient.from(bare, {
    marshallOptions: { removeUndefinedValues: true },
    unmarshallOptions,
  });
});
afterAll(async () => {
  bare.destroy();
  await table.drop();
});

const nested = {
  list: ['a', 1, { deep: [true, null] }],
  map: { Items: [{ Key: 'S' }] },
  text: '👋 "\\ \u2028',
};
const item = (sk: string) => ({
  pk: 'MSG#1',
  sk,
  seq: 7,
  large: true,
  none: null,
  ...nested,
  gone: undefined,
});
const whole = (sk: string) => ({ pk: 'MSG#1', sk, seq: 7, large: true, none: null, ...nested });
const key = (sk: string) => ({ pk: 'MSG#1', sk });

describe("answers as the SDK's document client does", () => {
  const TableName = () => table.name;
  const query = (rest: object) => ({
    TableName: TableName(),
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': 'MSG#1' },
    ...rest,
  });
  const commands = {
    get: () => new GetCommand({ TableName: TableName(), Key: key('1'), ConsistentRead: true }),
    'get of nothing': () => new GetCommand({ TableName: TableName(), Key: key('none') }),
    put: () => new PutCommand({ TableName: TableName(), Item: item('1'), ReturnValues: 'ALL_OLD' }),
    query: () => new QueryCommand(query({ Limit: 2 })),
    'next page of a query': () => new QueryCommand(query({ ExclusiveStartKey: key('1') })),
    scan: () => new ScanCommand({ TableName: TableName(), Limit: 1 }),
    update: () =>
      new UpdateCommand({
        TableName: TableName(),
        Key: key('2'),
        UpdateExpression: 'SET #s = :s',
        ExpressionAttributeNames: { '#s': 'seq' },
        ExpressionAttributeValues: { ':s': { nested: [1] } },
        ReturnValues: 'ALL_NEW',
      }),
    delete: () => new DeleteCommand({ TableName: TableName(), Key: key('3'), ReturnValues: 'ALL_OLD' }),
    'batch get': () =>
      new BatchGetCommand({ RequestItems: { [TableName()]: { Keys: [key('1'), key('none')] } } }),
    'batch write': () =>
      new BatchWriteCommand({
        RequestItems: {
          [TableName()]: [{ PutRequest: { Item: item('4') } }, { DeleteRequest: { Key: key('5') } }],
        },
      }),
    'transact get': () =>
      new TransactGetCommand({ TransactItems: [{ Get: { TableName: TableName(), Key: key('1') } }] }),
    'transact write': () =>
      new TransactWriteCommand({ TransactItems: [{ Put: { TableName: TableName(), Item: item('6') } }] }),
    statement: () =>
      new ExecuteStatementCommand({
        Statement: `SELECT * FROM "${TableName()}" WHERE pk = ? AND sk = ?`,
        Parameters: ['MSG#1', '1'],
      }),
    statements: () =>
      new BatchExecuteStatementCommand({
        Statements: [
          { Statement: `SELECT * FROM "${TableName()}" WHERE pk = ? AND sk = ?`, Parameters: ['MSG#1', '1'] },
          { Statement: `INSERT INTO "${TableName()}" VALUE {'pk':?,'sk':?}`, Parameters: ['MSG#1', '1'] },
        ],
      }),
    'transaction of statements': () =>
      new ExecuteTransactionCommand({
        TransactStatements: [
          {
            Statement: `UPDATE "${TableName()}" SET seq=? WHERE pk=? AND sk=?`,
            Parameters: [9, 'MSG#1', '2'],
          },
        ],
      }),
    describe: () => new DescribeTableCommand({ TableName: TableName() }),
  };

  beforeEach(async () => {
    for (const sk of ['1', '2', '3', '5'])
      await sdk.send(new PutCommand({ TableName: table.name, Item: item(sk) }));
  });

  const outcome = (sent: Promise<object>) =>
    sent.then(
      ({ $metadata, ...output }: { $metadata?: object }) => output,
      ({ name, message, CancellationReasons }) => ({ name, message, CancellationReasons }),
    );

  test.each(Object.entries(commands))('to a %s', async (_, command) => {
    // biome-ignore lint/suspicious/noExplicitAny: a command of any kind.
    const send = (client: { send: any }): Promise<object> => client.send(command());
    const expected = await outcome(send(sdk));
    for (const sk of ['1', '2', '3', '5'])
      await sdk.send(new PutCommand({ TableName: table.name, Item: item(sk) }));
    expect(await outcome(send(table.doc))).toEqual(expected);
  });

  test('to what a condition refuses', async () => {
    const put = { TableName: table.name, Item: item('1'), ConditionExpression: 'attribute_not_exists(pk)' };
    const transaction = { TransactItems: [{ Put: put }] };
    for (const client of [sdk, table.doc]) {
      await expect(client.send(new PutCommand(put))).rejects.toMatchObject({
        name: 'ConditionalCheckFailedException',
        $metadata: { httpStatusCode: 400 },
      });
      await expect(client.send(new TransactWriteCommand(transaction))).rejects.toMatchObject({
        name: 'TransactionCanceledException',
        CancellationReasons: [{ Code: 'ConditionalCheckFailed' }],
      });
    }
  });

  test('and what it wrote is there, without what is undefined', async () => {
    await table.doc.send(new PutCommand({ TableName: table.name, Item: item('8') }));
    const { Item } = await sdk.send(new GetCommand({ TableName: table.name, Key: key('8') }));
    expect(Item).toStrictEqual(whole('8'));
  });
});

test('middleware that is added or removed later applies from then on to all kinds of commands', async () => {
  const get = () => table.doc.send(new GetCommand({ TableName: table.name, Key: key('1') }));
  await get();
  let calls = 0;
  table.doc.middlewareStack.add(
    (next) => (args) => {
      calls += 1;
      return next(args);
    },
    { step: 'initialize', name: 'count' },
  );
  await get();
  table.doc.middlewareStack.remove('count');
  await get();
  expect(calls).toBe(1);
});

test('a request to AWS is signed, and its signature covers host and operation', async () => {
  let headers: IncomingHttpHeaders = {};
  const server = createServer((request, response) => {
    headers = request.headers;
    response.end('{}');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
  const doc = createDocumentClient({ region: 'eu-west-1', endpoint, credentials });
  await doc.send(new GetCommand({ TableName: 'messages', Key: key('1') }));
  doc.destroy();
  await new Promise((closed) => server.close(closed));
  expect(headers['x-amz-target']).toBe('DynamoDB_20120810.GetItem');
  expect(headers.authorization).toMatch(
    /Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/dynamodb\/aws4_request, SignedHeaders=[^,]*host;[^,]*x-amz-target[^,]*, Signature=[0-9a-f]{64}$/,
  );
});
