import { QueryCommand, type QueryCommandInput, type QueryCommandOutput } from '@aws-sdk/lib-dynamodb';
import type { Table } from './client.ts';
import type { Item } from './scan.ts';

/** All items of a query, consistently, page after page. 1 read unit for each 4 KB. */
export async function* queryAll(table: Table, query: QueryCommandInput): AsyncGenerator<Item> {
  let ExclusiveStartKey: Item | undefined;
  do {
    const { Items = [], LastEvaluatedKey }: QueryCommandOutput = await table.doc.send(
      new QueryCommand({ ...query, ConsistentRead: true, ExclusiveStartKey }),
    );
    yield* Items;
    ExclusiveStartKey = LastEvaluatedKey;
  } while (ExclusiveStartKey);
}
