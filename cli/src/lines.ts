import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { UsageError } from '@parley/config/explain';
import type { Line } from '@parley/core/transfer/import-plan';

const newline = 0x0a;
const maxLineBytes = 2 ** 20;

/**
 * The lines of a file, decompressed if its name ends in .gz. Only \n ends a line, because a text may hold other
 * separators.
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let number = 0;
  let parts: Buffer[] = [];
  for await (const chunk of open(path)) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      number += 1;
      yield lineOf(number, [...parts, chunk.subarray(start, end)]);
      parts = [];
      start = end + 1;
    }
    // Does not keep more of a line than shows that it is too long.
    if (start < chunk.length && sizeOf(parts) <= maxLineBytes) parts.push(chunk.subarray(start));
  }
  if (parts.length > 0) yield lineOf(number + 1, parts);
}

async function* open(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: 2 ** 18 });
  const gunzip = path.endsWith('.gz') ? createGunzip() : undefined;
  try {
    if (!gunzip) return yield* file;
    file.on('error', (error) => gunzip.destroy(error));
    yield* file.pipe(gunzip);
  } catch (error) {
    throw readError(path, error as NodeJS.ErrnoException);
  } finally {
    file.destroy();
  }
}

/** Errors of reading and unpacking do not name the file. */
function readError(path: string, error: NodeJS.ErrnoException) {
  if (error.code === 'EISDIR') return new UsageError(`${path} is a folder. Give a file.`);
  if (error.code?.startsWith('Z_'))
    return new UsageError(`${path} is truncated or not a gzip file: ${error.message}.`, { cause: error });
  return error;
}

const decoder = new TextDecoder('utf-8', { fatal: true });
const sizeOf = (parts: Buffer[]) => parts.reduce((size, part) => size + part.length, 0);

function lineOf(number: number, parts: Buffer[]): Line {
  const bytes = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  if (bytes.length > maxLineBytes) return { number, fault: `the line is longer than ${maxLineBytes} bytes` };
  try {
    const text = decoder.decode(bytes);
    return { number, text: text.endsWith('\r') ? text.slice(0, -1) : text };
  } catch {
    return { number, fault: 'the line is not UTF-8' };
  }
}
