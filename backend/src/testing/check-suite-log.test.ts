import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-lines-'));
  writeFileSync(join(dir, '1-1.texts'), '"a text of somebody"\n');
  writeFileSync(join(dir, '1-1.secrets'), '"Sesame-2026"\n');
});
afterAll(() => rmSync(dir, { recursive: true }));

/** The output of the check for a log with this line. */
function check(line: object) {
  writeFileSync(join(dir, '1-2.log'), `${JSON.stringify(line)}\n`);
  const script = join(import.meta.dirname, 'check-suite-log.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, dir], { encoding: 'utf8' });
  return [status, stdout + stderr];
}

it('accepts harmless lines, and finds a text, a secret and a token', () => {
  expect(check({ msg: 'request' })).toEqual([0, expect.stringContaining('1 texts and 1 secrets')]);
  expect(check({ msg: 'a text of somebody' })).toEqual([1, expect.stringContaining('the text')]);
  expect(check({ password: 'Sesame-2026' })).toEqual([1, expect.stringContaining('the secret')]);
  const token = ['eyJhbGciOiJSUzI1NiJ9', 'eyJzdWIiOiJzb21lYm9keSJ9', 'c2lnbmVkLWJ5LW5vYm9keQ'].join('.');
  expect(check({ authorization: token })).toEqual([1, expect.stringContaining('a token')]);
});
