import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openSigningKey } from './signing-key.ts';

const issuer = 'http://127.0.0.1:1/pool';
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-key-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

test('a start on a full disk that failed to write the key does not stop the next start', async () => {
  const path = join(dir, 'signing-key.pem');
  writeFileSync(path, '');
  writeFileSync(`${path}.partial`, '-----BEGIN', { mode: 0o600 });
  const first = await openSigningKey(dir, issuer);
  const token = await first.sign({ sub: 'ada', exp: Math.floor(Date.now() / 1_000) + 60 });
  expect(await (await openSigningKey(dir, issuer)).verify(token)).toMatchObject({ sub: 'ada' });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path, 'utf8')).toMatch(/END PRIVATE KEY-----\n$/);
});
