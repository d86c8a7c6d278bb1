import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const root = new URL('../../../', import.meta.url).pathname;
const read = (path: string) => readFile(join(root, path), 'utf8');

it('every test that the security document names exists, and every item names one or says why there is none', async () => {
  const items = (await read('docs/security.md'))
    .split(/\n(?=- |\n)/)
    .map((block) => block.replace(/\s+/g, ' ').trim())
    .filter((block) => /^- \*\*\d/.test(block));
  const numbers = items.flatMap((item) => /^- \*\*([^*]+)\*\*/.exec(item)?.[1]?.split(', ') ?? []);
  expect(numbers.length).toBeGreaterThan(35);
  for (const item of items) {
    // Level 3 items about features that Parley does not have.
    if (!item.includes('.test.ts`')) expect(item).toContain(': none.');
    for (const [, path = '', names = ''] of item.matchAll(/`([\w./-]+\.ts)`(?:: ((?:"[^"]+"(?:, )?)+))?/g)) {
      const test = await read(path);
      for (const [, name] of names.matchAll(/"([^"]+)"/g))
        expect([path, name, test.includes(String(name))]).toEqual([path, name, true]);
    }
  }
});

it('four files send requests, and none to an address from a request', async () => {
  const asking = [];
  for (const folder of ['contract/src', 'core/src', 'backend/src', 'lambdas/src', 'config/src']) {
    for (const file of await readdir(join(root, folder), { recursive: true })) {
      if (!file.endsWith('.ts') || /test(ing\/|\.ts$)/.test(file)) continue;
      const source = await read(join(folder, file));
      if (/\bfetch\(\w*(uri|url|`)|import \{[^}]*\brequest\b[^}]*\} from 'node:https?'/i.test(source))
        asking.push(join(folder, file));
    }
  }
  expect(asking.sort()).toEqual([
    // The key set of the issuer: configuration.
    'backend/src/auth/tokens.ts',
    // The runners: configuration.
    'backend/src/observe/stream-runner.ts',
    // ECS: configuration.
    'backend/src/realtime/endpoint-url.ts',
    // Nodes: the table.
    'core/src/live/delivery.ts',
  ]);
});
