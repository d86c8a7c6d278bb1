import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeTable, createTable, type Table } from '@parley/core/table/client';
import { ensureTable, messageTable, runnerTable } from '@parley/core/table/definition';
import { launch } from '@parley/engines/launch';
import getPort from 'get-port';
import { removeAtExit } from './at-exit.ts';

/** Starts a DynamoDB API on disk, in a temporary folder, with Parley's tables. */
export async function startEngine({ hasStream = true } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'));
  removeAtExit(folder);
  const engine = await launch('dynoxide', { port: await getPort(), dbPath: join(folder, 'dynoxide.db') });
  const tables: Table[] = [];
  const names = { name: 'bench-messages', runnerName: 'bench-runner' };

  /** Opens a client with its own connections, as each node does. */
  function connect(): Table {
    const table = createTable({ region: 'us-east-1', endpoint: engine.url, ...names });
    tables.push(table);
    return table;
  }

  const { StreamSpecification, ...withoutStream } = messageTable(names.name);
  const { doc } = connect();
  await ensureTable(doc, hasStream ? { ...withoutStream, StreamSpecification } : withoutStream);
  await ensureTable(doc, runnerTable(names.runnerName));
  return {
    url: engine.url,
    names,
    connect,
    async stop() {
      for (const table of tables) closeTable(table);
      await engine.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type BenchEngine = Awaited<ReturnType<typeof startEngine>>;
