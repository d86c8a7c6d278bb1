import { paginateQuery, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Table } from './client.ts';
import type { Item } from './scan.ts';

/** All items of a query, consistently, page after page. 1 read unit for each 4 KB. */
export async function* queryAll(table: Table, query: QueryCommandInput): AsyncGenerator<Item> {
  for await (const { Items = [] } of paginateQuery({ client: table.doc }, { ...query, ConsistentRead: true }))
    yield* Items;
}
