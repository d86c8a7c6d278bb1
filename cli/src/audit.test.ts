import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const root = new URL('../../', import.meta.url).pathname;
const hole = {
  id: 1,
  url: 'https://github.com/advisories/GHSA-test-test-test',
  title: 'Everybody is let in',
  severity: 'high',
  vulnerable_versions: '>=1.0.0',
};
/** The registry's advisories for `express`. Undefined if it answers no audit. */
let known: object[] | undefined;

const registry = createServer(async (req, res) => {
  await once(req.resume(), 'end');
  res.setHeader('Content-Type', 'application/json');
  if (req.method === 'POST' && known) res.end(JSON.stringify({ express: known }));
  else res.writeHead(405).end();
});
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'audit-'));
  await once(registry.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  await new Promise((resolve) => registry.close(resolve).closeAllConnections());
  await rm(home, { recursive: true });
});

const audit = (...args: string[]) =>
  new Promise<{ code: unknown; output: string }>((resolve) => {
    const { PATH } = process.env;
    const npm_config_registry = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`;
    // A cache of its own, because npm caches advisories.
    const env = { PATH, HOME: home, npm_config_registry, npm_config_cache: home };
    execFile('bin/audit', args, { cwd: root, env }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    );
  });

test('bin/audit fails on a vulnerability of high severity', async () => {
  known = [hole];
  const { code, output } = await audit();
  expect(output).toContain('high: express >=1.0.0: Everybody is let in');
  expect(code).toBe(1);
}, 60_000);

test('bin/audit passes without a vulnerability, and checks the licences', async () => {
  known = [{ ...hole, id: 2, severity: 'low' }];
  const { code, output } = await audit();
  expect(output).toContain('audit: no known vulnerability of high or critical severity');
  expect(output).toMatch(/licences: \d+ packages, all allowed/);
  expect(code).toBe(0);
}, 60_000);

test('bin/audit reports that no audit was done, and fails if one is required', async () => {
  known = undefined;
  const { code, output } = await audit('--required');
  expect(output).toMatch(/audit: NOT DONE, the registry offers no audit \(405/);
  expect(code).toBe(2);
}, 60_000);
