import { join } from 'node:path';
import { closeTable, createTable, type Table } from '@parley/core/table/client';
import { ensureTable, messageTable, runnerTable } from '@parley/core/table/definition';
import { launch } from '@parley/engines/launch';
import getPort from 'get-port';
import { temporaryFolder } from './processes.ts';

/** Runs a measurement on Parley's tables, without a stream, of a DynamoDB API on disk. */
export async function withEngine<Result>(measure: (table: Table) => Promise<Result>): Promise<Result> {
  const folder = temporaryFolder();
  const engine = await launch('dynoxide', {
    port: await getPort(),
    dbPath: join(folder.path, 'dynoxide.db'),
  });
  const names = { name: 'bench-messages', runnerName: 'bench-runner' };
  const table = createTable({ region: 'us-east-1', endpoint: engine.url, ...names });
  try {
    const { StreamSpecification: _, ...withoutStream } = messageTable(names.name);
    await ensureTable(table.doc, withoutStream);
    await ensureTable(table.doc, runnerTable(names.runnerName));
    return await measure(table);
  } finally {
    closeTable(table);
    await engine.stop();
    folder.remove();
  }
}
