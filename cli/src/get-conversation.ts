import { parseArgs } from 'node:util';
import { UsageError } from '@parley/config/explain';
import * as entries from '@parley/core/log/entries';
import { conversationOf, limitOf } from './arguments.ts';
import { measureCapacity } from './capacity.ts';
import { connect, run } from './connect.ts';
import { counted, printRows } from './print.ts';

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      limit: { type: 'string' },
      'before-seq': { type: 'string' },
      'after-seq': { type: 'string' },
    },
  });
  const limit = limitOf(values.limit, 20);
  const [before, after] = [seqOf(values['before-seq']), seqOf(values['after-seq'])];
  const { table, pool, close } = connect();
  try {
    const uuid = await conversationOf(pool, positionals);
    const consumed = measureCapacity(table);
    const isForward = after !== undefined;
    const page = await entries.range(table, uuid, {
      ...(isForward && { from: after + 1 }),
      ...(before !== undefined && { to: before - 1 }),
      order: isForward ? 'ascending' : 'descending',
      limit,
    });
    if (!isForward) page.entries.reverse();
    printRows(page.entries.map(rowOf), values);
    console.error(`${counted(page.entries.length, 'entry', 'entries')} of ${uuid}, ${consumed()}`);
    return 0;
  } finally {
    await close();
  }
}

function seqOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,12}$/.test(text)) throw new UsageError('A sequence number must be a whole number.');
  return Number(text);
}

const rowOf = ({ seq, created_at, type, user_handle, message, message_count }: entries.Entry) => ({
  seq,
  created_at,
  type,
  from: user_handle,
  message,
  message_count,
});

await run(main);
