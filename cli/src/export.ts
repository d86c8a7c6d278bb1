import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';
import { UsageError } from '@parley/config/explain';
import { givenPath } from '@parley/config/given-path';
import * as users from '@parley/core/people/users';
import { countItems } from '@parley/core/table/read';
import * as exporting from '@parley/core/transfer/export';
import type { Manifest } from '@parley/core/transfer/export-format';
import { person } from '@parley/core/transfer/export-person';
import type { Pool } from 'pg';
import { conversationOf, personOf } from './arguments.ts';
import { type Connection, connect, run } from './connect.ts';
import { createProgressBar } from './progress.ts';

type Lines = AsyncGenerator<string, Manifest>;
type Place = Connection & { pool: Pool };

async function main() {
  const { values } = parseArgs({
    options: {
      conversation: { type: 'string', multiple: true },
      person: { type: 'string' },
      output: { type: 'string', short: 'o' },
      manifest: { type: 'boolean' },
    },
  });
  if (values.conversation && values.person)
    throw new UsageError('Give --conversation or --person, not both.');
  const output = values.output && givenPath(process.env, values.output);
  const place = connect();
  const bar = createProgressBar('Exporting');
  try {
    const lines = await linesOf(place, values, bar);
    const manifest = values.manifest ? await read(lines) : await write(lines, output);
    bar.stop();
    const text = JSON.stringify(manifest, undefined, 2);
    if (values.manifest) console.log(text);
    else console.error(text);
    return 0;
  } finally {
    bar.stop();
    await place.close();
  }
}

async function linesOf(
  { table, pool }: Place,
  values: { conversation?: string[] | undefined; person?: string | undefined },
  bar: ReturnType<typeof createProgressBar>,
): Promise<Lines> {
  if (values.person !== undefined) {
    const user = await users.findByUuid(pool, (await personOf(pool, values.person)).uuid);
    if (!user) throw new UsageError('This person does not exist any more.');
    return person(table, pool, user);
  }
  if (values.conversation) {
    const uuid = await conversationOf(pool, values.conversation);
    const lines = await exporting.conversation(table, pool, uuid);
    if (!lines) throw new UsageError(`There is no conversation ${uuid}.`);
    return lines;
  }
  bar.start(await countItems(table));
  return exporting.everything(table, pool, { onItems: bar.update });
}

/** Reads all lines for the manifest at their end. */
async function read(lines: Lines): Promise<Manifest> {
  for (;;) {
    const { done, value } = await lines.next();
    if (done) return value;
  }
}

async function write(lines: Lines, output: string | undefined): Promise<Manifest> {
  const result: { manifest?: Manifest } = {};
  async function* texts() {
    for (;;) {
      const { done, value } = await lines.next();
      if (!done) yield `${value}\n`;
      else {
        result.manifest = value;
        return;
      }
    }
  }
  if (output === undefined) await pipeline(Readable.from(texts()), process.stdout, { end: false });
  else await writeFile(texts(), output);
  if (!result.manifest) throw new Error('the export has no manifest');
  return result.manifest;
}

/**
 * Writes a file under a temporary name, renames it when it is complete, and removes it after a failure. A device or a
 * pipe is written to directly.
 */
async function writeFile(texts: AsyncIterable<string>, output: string) {
  const there = await stat(output).catch(() => undefined);
  const isFile = there?.isFile() ?? true;
  const partial = isFile ? `${output}.partial` : output;
  const file = createWriteStream(partial, { mode: 0o600 });
  try {
    if (output.endsWith('.gz')) await pipeline(Readable.from(texts), createGzip(), file);
    else await pipeline(Readable.from(texts), file);
    if (isFile) await rename(partial, output);
  } catch (error) {
    if (isFile) await rm(partial, { force: true });
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new UsageError(`The export could not be written to ${output}.`, { cause: error });
  }
}

await run(main);
