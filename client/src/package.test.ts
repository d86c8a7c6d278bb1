import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createWorld, type World } from '@parley/backend/testing/world';
import WebSocket from 'ws';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = mkdtempSync(join(tmpdir(), 'parley-client-'));
let world: World;

beforeAll(async () => {
  execFileSync(process.execPath, [join(root, 'build.mjs'), dist]);
  world = await createWorld();
});
afterAll(async () => {
  await world.close();
  rmSync(dist, { recursive: true });
});

test('the package contains the types that its entry names, and less than 20 KB of code', () => {
  const [packed] = JSON.parse(execFileSync('npm', ['pack', '--json'], { cwd: dist, encoding: 'utf8' }));
  const unpacked = join(dist, 'unpacked');
  mkdirSync(unpacked);
  execFileSync('tar', ['-xzf', join(dist, packed.filename), '-C', unpacked]);
  const { exports } = JSON.parse(readFileSync(join(unpacked, 'package/package.json'), 'utf8'));
  for (const path of Object.values<string>(exports['.']))
    expect(existsSync(join(unpacked, 'package', path))).toBe(true);
  const code = readFileSync(join(unpacked, 'package/index.js'));
  expect(gzipSync(code, { level: 9 }).length).toBeLessThan(20_000);
  expect(String(code)).not.toMatch(/\b(?:window|document|localStorage)\./);
});

test('the example of the README answers a message on a running backend', async () => {
  const [, example = ''] = /```js\n(.*?)```/s.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
  writeFileSync(join(dist, 'example.mjs'), example.replace("'@parley/client'", "'./index.js'"));
  const { startBot } = await import(pathToFileURL(join(dist, 'example.mjs')).href);
  const [ana, ben, node] = await Promise.all([world.person('ana'), world.person('ben'), world.liveNode()]);
  world.runStream();
  const { chat, connection } = await startBot({ url: node.url, token: ben.token, WebSocket });
  while (chat.live().state !== 'online') await new Promise((resolve) => setTimeout(resolve, 50));
  const { body } = await node.post('/api/messages', {
    as: ana,
    body: { handle: ben.handle, message: 'hello' },
    key: 'hello',
  });
  const texts = async () => {
    const page = await node.get(`/api/messages/${body.message_group_uuid}?limit=100`, { as: ana });
    return page.body.map(({ message }: { message: string }) => message);
  };
  for (let tries = 0; tries < 100 && (await texts()).length < 2; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 100));
  connection.close();
  chat.close();
  expect(await texts()).toEqual(['hello', 'You said: hello']);
});
