import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { ScanCommand, type ScanCommandOutput } from '@aws-sdk/lib-dynamodb';
import type { Table } from './client.ts';

export type Item = Record<string, unknown>;

/** Without a limit the embedded engine reads far more rows than the 1 MB that a page holds. */
const itemsPerPage = 1_000;

/**
 * Access pattern: the whole table, each page read while the one before is worked on. 1 read unit for each 4 KB. The
 * items of a partition follow each other in the order of their sort keys.
 */
export async function* scanPages(table: Table, TableName = table.name): AsyncGenerator<Item[]> {
  const request = (ExclusiveStartKey?: Item): Promise<ScanCommandOutput> => {
    const page = table.doc.send(
      new ScanCommand({ TableName, ConsistentRead: true, Limit: itemsPerPage, ExclusiveStartKey }),
    );
    page.catch(() => {}); // Told when it is awaited, which may be later.
    return page;
  };
  let next: Promise<ScanCommandOutput> | undefined = request();
  while (next) {
    const { Items = [], LastEvaluatedKey }: ScanCommandOutput = await next;
    next = LastEvaluatedKey && request(LastEvaluatedKey);
    yield Items;
  }
}

/** Items in the table, as it counts them: exact off AWS, up to six hours old on it. */
export async function countItems(table: Table): Promise<number> {
  const { Table: description } = await table.doc.send(new DescribeTableCommand({ TableName: table.name }));
  return description?.ItemCount ?? 0;
}
