import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type Shard,
  type ShardIteratorType,
  TrimmedDataAccessException,
} from '@aws-sdk/client-dynamodb-streams';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { clientConfig } from '@parley/core/table/client';
import { startStreamProxy } from './stream-proxy.ts';
import { createTestTable, testEndpoint } from './test-table.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let proxy: Awaited<ReturnType<typeof startStreamProxy>>;
let streams: DynamoDBStreamsClient;
let StreamArn: string | undefined;
beforeEach(async () => {
  table = await createTestTable();
  proxy = await startStreamProxy(testEndpoint());
  streams = new DynamoDBStreamsClient(clientConfig('us-east-1', proxy.endpoint));
  StreamArn = (await table.doc.send(new DescribeTableCommand({ TableName: table.name }))).Table
    ?.LatestStreamArn;
});
afterEach(async () => {
  streams.destroy();
  await proxy.close();
  await table.drop();
});

const put = (pk: string, sk: string) =>
  table.doc.send(new PutCommand({ TableName: table.name, Item: { pk, sk } }));

async function shards(): Promise<Shard[]> {
  const found: Shard[] = [];
  let ExclusiveStartShardId: string | undefined;
  do {
    const { StreamDescription } = await streams.send(
      new DescribeStreamCommand({ StreamArn, ExclusiveStartShardId }),
    );
    found.push(...(StreamDescription?.Shards ?? []));
    ExclusiveStartShardId = StreamDescription?.LastEvaluatedShardId;
  } while (ExclusiveStartShardId);
  return found;
}

async function iterator(ShardId: string | undefined, SequenceNumber?: string) {
  const type: ShardIteratorType = SequenceNumber ? 'AFTER_SEQUENCE_NUMBER' : 'TRIM_HORIZON';
  const command = new GetShardIteratorCommand({
    StreamArn,
    ShardId,
    ShardIteratorType: type,
    SequenceNumber,
  });
  return (await streams.send(command)).ShardIterator;
}

async function read(ShardId: string | undefined, SequenceNumber?: string) {
  const page = await streams.send(
    new GetRecordsCommand({ ShardIterator: await iterator(ShardId, SequenceNumber) }),
  );
  const records = page.Records ?? [];
  const names = records.map(({ dynamodb }) => `${dynamodb?.Keys?.pk?.S} ${dynamodb?.Keys?.sk?.S}`);
  return {
    names,
    isClosed: page.NextShardIterator === undefined,
    last: records.at(-1)?.dynamodb?.SequenceNumber,
  };
}

test('each record is in one shard, with all others of its partition key, in order; pages list all shards', async () => {
  for (let index = 0; index < 40; index += 1) await put(`pk${index % 10}`, String(index).padStart(2, '0'));
  const ids = (await shards()).map(({ ShardId }) => ShardId);
  expect(ids).toHaveLength(4);
  const read4 = await Promise.all(ids.map((id) => read(id)));
  const names = read4.map((each) => each.names);
  expect(names.flat()).toHaveLength(40);
  expect(names.filter((each) => each.length > 0).length).toBeGreaterThan(1);
  for (const each of names) {
    const places = new Set(each.map((name) => name.split(' ')[0]));
    for (const other of names) {
      if (other !== each) expect(other.some((name) => places.has(name.split(' ')[0]))).toBe(false);
    }
    const ofFirst = each.filter((name) => name.startsWith(`${[...places][0]} `));
    expect(ofFirst).toEqual([...ofFirst].sort());
  }
});

test('a split shard ends where it was closed, and its children continue there', async () => {
  const [shard] = await shards();
  for (let index = 0; index < 20; index += 1) await put(`pk${index}`, 'before');
  const before = await read(shard?.ShardId);
  await proxy.split(shard?.ShardId ?? '');
  for (let index = 0; index < 20; index += 1) await put(`pk${index}`, 'after');
  const after = await read(shard?.ShardId);
  expect(after).toEqual({ ...before, isClosed: true });
  const children = (await shards()).filter(({ ParentShardId }) => ParentShardId === shard?.ShardId);
  expect(children).toHaveLength(2);
  const ofChildren = (await Promise.all(children.map(({ ShardId }) => read(ShardId)))).flatMap(
    ({ names }) => names,
  );
  expect(ofChildren.sort()).toEqual(before.names.map((name) => name.replace('before', 'after')).sort());
});

test('an expired iterator and a trimmed position are refused as on AWS, and reading can continue', async () => {
  const [shard] = await shards();
  for (let index = 0; index < 20; index += 1) await put(`pk${index}`, 'old');
  const { last } = await read(shard?.ShardId);
  const expiring = await iterator(shard?.ShardId);
  proxy.expireIterators();
  await expect(streams.send(new GetRecordsCommand({ ShardIterator: expiring }))).rejects.toThrow(
    ExpiredIteratorException,
  );
  for (let index = 0; index < 20; index += 1) await put(`pk${index}`, 'trimmed');
  const trimming = await iterator(shard?.ShardId, last);
  await proxy.trim();
  await expect(streams.send(new GetRecordsCommand({ ShardIterator: trimming }))).rejects.toThrow(
    TrimmedDataAccessException,
  );
  await expect(iterator(shard?.ShardId, last)).rejects.toThrow(TrimmedDataAccessException);
  for (let index = 0; index < 20; index += 1) await put(`pk${index}`, 'new');
  const { names } = await read(shard?.ShardId);
  expect(names.length).toBeGreaterThan(0);
  expect(names.every((name) => name.endsWith('new'))).toBe(true);
});
