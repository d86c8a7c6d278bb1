import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { root } from './bundles.ts';
import { stackNames, statefulStacks } from './parley.ts';

/* Runs bin/aws/destroy in a checkout of its own, whose fake CDK prints its arguments. */

let checkout: string;
beforeAll(() => {
  checkout = mkdtempSync(join(tmpdir(), 'destroy-'));
  for (const file of ['bin/lib.sh', 'bin/aws'])
    cpSync(join(root, file), join(checkout, file), { recursive: true });
  mkdirSync(join(checkout, 'infra'));
  cpSync(join(root, 'infra/settings.example.json'), join(checkout, 'infra/settings.json'));
  mkdirSync(join(checkout, 'node_modules/aws-cdk/bin'), { recursive: true });
  writeFileSync(
    join(checkout, 'node_modules/aws-cdk/bin/cdk'),
    "console.log('cdk', ...process.argv.slice(2))",
  );
  writeFileSync(join(checkout, 'bin/install'), '#!/bin/sh\n', { mode: 0o755 });
});
afterAll(() => rmSync(checkout, { recursive: true, force: true }));

function destroy(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(join(checkout, 'bin/aws/destroy'), args, { encoding: 'utf8' });
  const asked = /^cdk destroy --exclusively --force (.+)$/m.exec(stdout)?.[1]?.split(' ');
  return { status, stderr, asked: asked?.map((stack) => stack.replace('parley-', '')) };
}

test('destroys stacks that can be created again, and neither stacks with data nor their network', () => {
  const { status, asked } = destroy('--yes');
  expect(status).toBe(0);
  const kept = [...statefulStacks, 'network'];
  expect(asked).toEqual(stackNames.filter((stack) => !kept.includes(stack)).reverse());
});

test('destroys everything on request, each stack before those it depends on', () => {
  const { status, asked } = destroy('--yes', '--yes-delete-data');
  expect(status).toBe(0);
  expect([...(asked ?? [])].sort()).toEqual([...stackNames].sort());
  expect(asked?.slice(-3)).toEqual(['sign-in', 'data', 'network']);
});

test('refuses names of stacks and unknown options before it needs anything', () => {
  for (const argument of [...statefulStacks.map((stack) => `parley-${stack}`), '--yess', '--all']) {
    const { status, asked, stderr } = destroy(argument);
    expect([argument, status, asked]).toEqual([argument, 2, undefined]);
    expect(stderr).toContain(`unknown option '${argument}'`);
  }
});

test('is refused without a terminal', () => {
  const { status, asked, stderr } = destroy();
  expect([status, asked]).toEqual([2, undefined]);
  expect(stderr).toContain('Add --yes if you mean it');
});
