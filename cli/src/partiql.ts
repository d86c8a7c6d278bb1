import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { DynamoDBServiceException } from '@aws-sdk/client-dynamodb';
import { ExecuteStatementCommand } from '@aws-sdk/lib-dynamodb';
import { UsageError } from '@parley/config/explain';
import { limitOf } from './arguments.ts';
import { measureCapacity } from './capacity.ts';
import { connectTable, run } from './connect.ts';
import { counted, inOrder, printRows } from './print.ts';

const pageItems = 1_000;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, limit: { type: 'string' }, yes: { type: 'boolean' } },
  });
  const given =
    positionals.length > 0 || process.stdin.isTTY ? positionals.join(' ') : await text(process.stdin);
  const statement = given.trim().replace(/;$/, '');
  if (!statement) throw new UsageError('Give a statement as an argument or on standard input. See --help.');
  const limit = limitOf(values.limit);
  const { config, table, close } = connectTable();
  const isCloud = !config.AWS_ENDPOINT_URL_DYNAMODB;
  const isRead = /^select\b/i.test(statement);
  if (isCloud && !values.yes && !isRead)
    throw new UsageError('This would write to a table on AWS. Add --yes if you mean it.');
  const consumed = measureCapacity(table);
  try {
    const rows: Record<string, unknown>[] = [];
    let NextToken: string | undefined;
    do {
      // Limit counts the items read, not those returned, and is not allowed for writes.
      const Limit = isRead ? (NextToken === undefined ? Math.min(limit, pageItems) : pageItems) : undefined;
      const page = await table.doc.send(
        new ExecuteStatementCommand({ Statement: statement, Limit, NextToken }),
      );
      rows.push(...(page.Items ?? []));
      NextToken = page.NextToken;
    } while (NextToken && rows.length < limit);
    const shown = rows.slice(0, limit);
    printRows(inOrder(shown, statement), values);
    const hasMore = NextToken !== undefined || rows.length > limit;
    console.error(
      `${counted(shown.length, 'row')}${hasMore ? ' (there are more: --limit)' : ''}, ${consumed()}`,
    );
    return 0;
  } catch (error) {
    if (
      error instanceof DynamoDBServiceException &&
      error.$fault === 'client' &&
      error.message !== 'UnknownError'
    )
      throw new UsageError(`${error.name}: ${error.message}`);
    throw error;
  } finally {
    await close();
  }
}

await run(main);
