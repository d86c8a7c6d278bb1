import { entryFromItem } from '../log/entries.ts';
import { createProjector } from '../projections/projector.ts';
import type { Table } from '../table/client.ts';
import { type Key, parseKey } from '../table/keys.ts';
import { scanPages } from '../table/read.ts';

/** Brings the summaries up to date with every entry of a table, as the stream does. Rejects if a record fails. */
export async function projectStored(table: Table) {
  const records = [];
  for await (const page of scanPages(table))
    for (const item of page)
      if (parseKey(item as Key).item === 'entry')
        records.push({ entry: entryFromItem(item), writtenAtMs: Date.now(), sequenceNumber: '' });
  const failures = await createProjector(table).project(records);
  if (failures.size > 0) throw new Error(`${failures.size} records failed`);
}
