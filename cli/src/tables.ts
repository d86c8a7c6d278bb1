import { parseArgs } from 'node:util';
import {
  DeleteTableCommand,
  DescribeTableCommand,
  ListTablesCommand,
  waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb';
import { UsageError } from '@parley/config/explain';
import type { Table } from '@parley/core/table/client';
import { ensureTable, messageTable, runnerTable } from '@parley/core/table/definition';
import { confirm } from './confirm.ts';
import { connectTable, run } from './connect.ts';
import { printRows } from './print.ts';

const commands = { load, drop, list };

/** Safe to repeat. */
async function load({ doc, name, runnerName }: Table) {
  await Promise.all([ensureTable(doc, messageTable(name)), ensureTable(doc, runnerTable(runnerName))]);
  console.log(`${name} and ${runnerName} exist.`);
}

async function drop({ doc, name, runnerName }: Table, isYes: boolean) {
  await confirm(`This drops ${name} and ${runnerName} with everything in them.`, name, isYes);
  for (const TableName of [name, runnerName]) {
    try {
      await doc.send(new DeleteTableCommand({ TableName }));
      await waitUntilTableNotExists({ client: doc, maxWaitTime: 60, minDelay: 1 }, { TableName });
      console.log(`Dropped ${TableName}.`);
    } catch (error) {
      if (!isNoTable(error)) throw error;
      console.log(`${TableName} did not exist.`);
    }
  }
}

const isNoTable = (error: unknown) => error instanceof Error && error.name === 'ResourceNotFoundException';

async function list({ doc }: Table) {
  const names: string[] = [];
  let ExclusiveStartTableName: string | undefined;
  do {
    const page = await doc.send(new ListTablesCommand({ ExclusiveStartTableName }));
    names.push(...(page.TableNames ?? []));
    ExclusiveStartTableName = page.LastEvaluatedTableName;
  } while (ExclusiveStartTableName);
  const rows = [];
  for (const TableName of names) {
    try {
      const { Table } = await doc.send(new DescribeTableCommand({ TableName }));
      rows.push({
        table: TableName,
        status: Table?.TableStatus,
        items: Table?.ItemCount,
        bytes: Table?.TableSizeBytes,
        indexes: Table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName).join(' '),
        stream: Table?.StreamSpecification?.StreamViewType,
      });
    } catch (error) {
      // The table was dropped after it was listed.
      if (!isNoTable(error)) throw error;
    }
  }
  printRows(rows, {});
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { yes: { type: 'boolean', default: false } },
  });
  const [name] = positionals;
  if (name !== 'load' && name !== 'drop' && name !== 'list')
    throw new UsageError('Give one command: load, drop or list.');
  const { table, close } = connectTable();
  try {
    await commands[name](table, values.yes);
    return 0;
  } finally {
    await close();
  }
}

await run(main);
