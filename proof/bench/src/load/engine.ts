import { randomUUID } from 'node:crypto';
import { BatchExecuteStatementCommand, PutCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { entryItem } from '@parley/core/log/entries';
import { createTable, type Table } from '@parley/core/table/client';
import { quantile } from '../figures.ts';
import { makePerson, text60 } from '../people.ts';
import { answerParent } from '../worker.ts';

export type EngineLoad = {
  endpoint: string;
  name: string;
  way: 'puts' | 'statements of 25' | 'transactions of 25' | 'transactions of 100';
  inFlight: number;
  seconds: number;
};
export type EngineResult = { perSecond: number; p50: number; p99: number };

/** Floor (b): entries put on condition that their key is free, from a bare loop around the SDK. */
answerParent<EngineLoad, EngineResult>(async ({ endpoint, name, way, inFlight, seconds }) => {
  const connection = { region: 'us-east-1', endpoint, name, runnerName: name };
  table ??= createTable(connection);
  const size = way === 'puts' ? 1 : Number(way.split(' ').at(-1));
  const write = writers[way];
  const latencies: number[] = [];
  const startedAtMs = performance.now();
  const loop = async () => {
    while (performance.now() - startedAtMs < seconds * 1_000) {
      const sentAtMs = performance.now();
      await write(table ?? createTable(connection), Array.from({ length: size }, item));
      latencies.push(performance.now() - sentAtMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  const elapsed = (performance.now() - startedAtMs) / 1_000;
  return {
    perSecond: (latencies.length * size) / elapsed,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
  };
});

let table: Table | undefined;
const author = makePerson('author');

const item = () =>
  entryItem({
    type: 'message',
    message_group_uuid: randomUUID(),
    seq: 1,
    message_uuid: randomUUID(),
    message: text60,
    user_uuid: author.uuid,
    user_handle: author.handle,
    user_display_name: author.display_name,
    created_at: new Date().toISOString(),
    message_count: 1,
  });

type Item = ReturnType<typeof item>;

const put = (TableName: string, Item: Item) => ({
  TableName,
  Item,
  ConditionExpression: 'attribute_not_exists(pk)',
});

async function transact({ doc, name }: Table, items: Item[]) {
  await doc.send(new TransactWriteCommand({ TransactItems: items.map((one) => ({ Put: put(name, one) })) }));
}

const writers: Record<EngineLoad['way'], (table: Table, items: Item[]) => Promise<void>> = {
  async puts({ doc, name }, items) {
    for (const one of items) await doc.send(new PutCommand(put(name, one)));
  },
  async 'statements of 25'({ doc, name }, items) {
    const Statements = items.map((one) => {
      const attributes = Object.keys(one).map((attribute) => `'${attribute}':?`);
      return { Statement: `INSERT INTO "${name}" VALUE {${attributes}}`, Parameters: Object.values(one) };
    });
    const { Responses = [] } = await doc.send(new BatchExecuteStatementCommand({ Statements }));
    const failed = Responses.find(({ Error: error }) => error);
    if (failed) throw new Error(`a statement was refused: ${failed.Error?.Code}`);
  },
  'transactions of 25': transact,
  'transactions of 100': transact,
};
