import { BatchWriteCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Table } from '@parley/core/table/client';
import { ensureTable, messageTable } from '@parley/core/table/definition';
import { startEngine } from '../engine.ts';
import { counted, type Figure } from '../figures.ts';
import { text60 } from '../people.ts';
import { dollars } from '../scale/prices.ts';
import type { Scenario } from '../scenario.ts';
import { countUnits } from '../units/count-units.ts';

const pageSize = 20;
/** Of a person's conversations, how many had a message today. */
const activeShare = 0.3;
const dayMs = 24 * 60 * 60_000;

type Variant = {
  name: string;
  /** Index key of a summary whose newest message is of this time; none: there is no index. */
  key?: { attribute: string; of: (at: Date) => string };
};

const variants: Variant[] = [
  { name: 'exact', key: { attribute: 'last_message_at', of: (at) => at.toISOString() } },
  { name: 'by day', key: { attribute: 'last_day', of: (at) => at.toISOString().slice(0, 10) } },
  { name: 'none' },
];

/** What the inbox index costs: a summary's rewrite and a page, with its key, a coarser one, and without it. */
export const indexKey: Scenario = {
  name: 'index-key',
  about: 'units of a summary rewrite and an inbox page, by the key of the index',
  async run({ isQuick }) {
    const engine = await startEngine({ hasStream: false });
    try {
      const figures: Figure[] = [];
      for (const variant of variants)
        for (const conversations of isQuick ? [30] : [20, 100, 300, 1_000])
          figures.push(...(await measure(engine.connect(), variant, conversations)));
      return figures;
    } finally {
      await engine.stop();
    }
  },
};

async function measure(connected: Table, variant: Variant, conversations: number): Promise<Figure[]> {
  const name = `index-${variant.name.replace(' ', '-')}-${conversations}`;
  const table = { ...connected, name };
  await ensureTable(table.doc, definition(name, variant));
  const nowMs = Date.now();
  const lastAt = (index: number) =>
    new Date(index < activeShare * conversations ? nowMs - index * 1_000 : nowMs - dayMs * (1 + index));
  const items = Array.from({ length: conversations }, (_, index) => item(variant, index, lastAt(index)));
  for (let start = 0; start < items.length; start += 25) {
    const requests = items.slice(start, start + 25).map((Item) => ({ PutRequest: { Item } }));
    await table.doc.send(new BatchWriteCommand({ RequestItems: { [name]: requests } }));
  }
  const units = countUnits(table);
  const rewrites = Math.min(20, conversations);
  for (let index = 0; index < rewrites; index += 1)
    await rewrite(table, variant, index, new Date(nowMs + 60_000 + index));
  const write = units.take().write / rewrites;
  await readPage(table, variant, new Date(nowMs));
  const { read } = units.take();
  // What ten messages and one look at the inbox cost.
  const tenMessages = 1e6 * dollars({ write: 10 * write, read });
  return [
    counted('index-key', `${variant.name}, ${conversations} conversations: a rewrite`, write, 'write units', {
      also: { 'read units of a page': read, 'dollars per million of ten rewrites and a page': tenMessages },
    }),
  ];
}

function definition(name: string, { key }: Variant) {
  const {
    StreamSpecification: _,
    GlobalSecondaryIndexes,
    AttributeDefinitions = [],
    ...table
  } = messageTable(name);
  const keys = AttributeDefinitions.filter(
    ({ AttributeName }) => AttributeName === 'pk' || AttributeName === 'sk',
  );
  if (!key) return { ...table, AttributeDefinitions: keys };
  const KeySchema = [
    { AttributeName: 'pk', KeyType: 'HASH' as const },
    { AttributeName: key.attribute, KeyType: 'RANGE' as const },
  ];
  return {
    ...table,
    AttributeDefinitions: [...keys, { AttributeName: key.attribute, AttributeType: 'S' as const }],
    GlobalSecondaryIndexes: GlobalSecondaryIndexes?.map((index) => ({ ...index, KeySchema })),
  };
}

const pk = 'GRP#1f0c0000-0000-4000-8000-000000000000';
const skOf = (index: number) => `75b817eb-0000-4000-8000-${String(index).padStart(12, '0')}`;

/** A summary as the projector leaves it. */
const item = ({ key }: Variant, index: number, at: Date) => ({
  pk,
  sk: skOf(index),
  kind: 'direct',
  user_uuid: skOf(index),
  user_handle: `person${index}`,
  user_display_name: `Person ${index}`,
  message: text60,
  sender_uuid: skOf(index),
  last_message_at: at.toISOString(),
  ...(key && { [key.attribute]: key.of(at) }),
  ...{ last_seq: 100, message_count: 100, sent_seq: 98, sent_count: 98, read_seq: 99, read_count: 99 },
});

async function rewrite(table: Table, { key }: Variant, index: number, at: Date) {
  const values: Record<string, unknown> = { ':message': `${text60}!`, ':at': at.toISOString(), ':seq': 101 };
  const sets = ['message = :message', 'last_message_at = :at', 'last_seq = :seq', 'message_count = :seq'];
  if (key && key.attribute !== 'last_message_at') {
    sets.push(`${key.attribute} = :key`);
    values[':key'] = key.of(at);
  }
  await table.doc.send(
    new UpdateCommand({
      TableName: table.name,
      Key: { pk, sk: skOf(index) },
      UpdateExpression: `SET ${sets.join(', ')}`,
      ConditionExpression: 'last_seq < :seq',
      ExpressionAttributeValues: values,
    }),
  );
}

/** Reads as much as it takes to know the newest twenty. */
async function readPage(table: Table, { key }: Variant, today: Date) {
  const values: Record<string, unknown> = { ':pk': pk };
  const isExact = key?.attribute === 'last_message_at';
  if (key && !isExact) values[':key'] = key.of(today);
  const query = (condition: string, Limit?: number) =>
    table.doc.send(
      new QueryCommand({
        TableName: table.name,
        ...(key && { IndexName: 'inbox' }),
        KeyConditionExpression: condition,
        ExpressionAttributeValues: values,
        ScanIndexForward: false,
        Limit,
      }),
    );
  if (!key || isExact) return query('pk = :pk', key && pageSize);
  // The whole of today, for its rows are in no order; what is older only where that is too little.
  const { Count = 0 } = await query(`pk = :pk AND ${key.attribute} >= :key`);
  if (Count < pageSize) await query(`pk = :pk AND ${key.attribute} < :key`, pageSize - Count);
  return undefined;
}
