import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from '@jest/globals';
import type { Line } from '@parley/core/transfer/import-plan';
import { readLines } from './lines.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-lines-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function linesOf(name: string, content: Buffer | string) {
  const path = join(folder, name);
  writeFileSync(path, content);
  const lines: Line[] = [];
  for await (const line of readLines(path)) lines.push(line);
  return lines;
}

test('only a line feed ends a line', async () => {
  const texts = ['one', '', 'separators \u2028 \u2029 \u0085 stay', 'é 👩‍👩‍👧'];
  const expected = texts.map((text, index) => ({ number: index + 1, text }));
  expect(await linesOf('a.jsonl', texts.join('\n'))).toEqual(expected);
  expect(await linesOf('b.jsonl.gz', gzipSync(`${texts.join('\r\n')}\r\n`))).toEqual(expected);
});

test('lines longer than a chunk are whole, and an endless one is not buffered', async () => {
  const long = 'x'.repeat(700_000);
  const endless = 'y'.repeat(5_000_000);
  const [one, two, three] = await linesOf('c.jsonl', `${long}\n${endless}\nz`);
  expect(one).toEqual({ number: 1, text: long });
  expect(two).toEqual({ number: 2, fault: 'the line is longer than 1048576 bytes' });
  expect(three).toEqual({ number: 3, text: 'z' });
});

test('a line that is not UTF-8 is reported', async () => {
  const content = Buffer.from([0x61, 0x0a, 0xff, 0xfe, 0x0a, 0x62]);
  expect(await linesOf('d.jsonl', content)).toEqual([
    { number: 1, text: 'a' },
    { number: 2, fault: 'the line is not UTF-8' },
    { number: 3, text: 'b' },
  ]);
});

test('a truncated compressed file is an error, not an end', async () => {
  const packed = gzipSync('x'.repeat(10_000));
  await expect(linesOf('e.jsonl.gz', packed.subarray(0, packed.length - 10))).rejects.toThrow();
});
