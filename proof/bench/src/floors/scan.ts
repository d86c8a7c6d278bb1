import { ScanCommand, type ScanCommandOutput } from '@aws-sdk/lib-dynamodb';
import { loadConfig, tableOptions } from '@parley/config/config';
import { closeTable, createTable } from '@parley/core/table/client';

/** The whole table from a bare SDK loop, a page after the other, in pages of the size that bin/check reads. */
const table = createTable(tableOptions(loadConfig(process.env)));
const request = { TableName: table.name, ConsistentRead: true, Limit: 1_000 };
let items = 0;
let ExclusiveStartKey: ScanCommandOutput['LastEvaluatedKey'];
do {
  const page: ScanCommandOutput = await table.doc.send(new ScanCommand({ ...request, ExclusiveStartKey }));
  items += page.Count ?? 0;
  ExclusiveStartKey = page.LastEvaluatedKey;
} while (ExclusiveStartKey);
closeTable(table);
console.log(`${items} items`);
