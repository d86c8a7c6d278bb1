import { parseArgs } from 'node:util';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { limitOf } from './arguments.ts';
import { measureCapacity } from './capacity.ts';
import { connectTable, run } from './connect.ts';
import { counted, inOrder, printRows } from './print.ts';

async function main() {
  const { values } = parseArgs({
    options: { json: { type: 'boolean' }, limit: { type: 'string' }, runner: { type: 'boolean' } },
  });
  const limit = limitOf(values.limit);
  const { table, close } = connectTable();
  const consumed = measureCapacity(table);
  try {
    const TableName = values.runner ? table.runnerName : table.name;
    const rows: Record<string, unknown>[] = [];
    let ExclusiveStartKey: Record<string, unknown> | undefined;
    do {
      const page = await table.doc.send(
        new ScanCommand({ TableName, Limit: limit - rows.length, ExclusiveStartKey }),
      );
      rows.push(...(page.Items ?? []));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey && rows.length < limit);
    printRows(inOrder(rows), values);
    console.error(
      `${counted(rows.length, 'item')}${ExclusiveStartKey ? ' (there are more: --limit)' : ''}, ${consumed()}`,
    );
    return 0;
  } finally {
    await close();
  }
}

await run(main);
