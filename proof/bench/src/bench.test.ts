import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import type { Figure } from './figures.ts';

const root = join(import.meta.dirname, '../../..');

/** One scenario that counts, one over HTTP, one over sockets, and one that runs bin/start. */
const some = ['write-units', 'pages-older', 'deliver-8x1', 'start'];

// One short round of each shows that the harness works. It says nothing about speed.
test('scenarios run and tell numbers', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-test-'));
  try {
    const file = join(folder, 'figures.json');
    await promisify(execFile)('bin/bench', ['--quick', '--json', file, ...some], {
      cwd: root,
      // Shorter than the test's own timeout, so that its processes end with it.
      timeout: 170_000,
    });
    const { figures, machine } = JSON.parse(readFileSync(file, 'utf8')) as {
      figures: Figure[];
      machine: { cpus: number };
    };
    expect(machine.cpus).toBeGreaterThan(0);
    for (const { value, rounds, name } of figures) {
      expect([name, Number.isFinite(value)]).toEqual([name, true]);
      expect(rounds.length).toBeGreaterThan(0);
    }
    expect([...new Set(figures.map(({ scenario }) => scenario))].sort()).toEqual([...some].sort());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 180_000);

test('every scenario is listed with what it measures', async () => {
  const { stdout } = await promisify(execFile)('bin/bench', ['--list'], { cwd: root });
  const names = stdout.split('\n').filter(Boolean);
  expect(names.length).toBeGreaterThan(10);
  for (const line of names) expect(line).toMatch(/^[a-z0-9-]+ {2,}\S/);
});

test('docs/operations.md tells of the bill what bin/bench capacity prints', async () => {
  const { stdout } = await promisify(execFile)('bin/bench', ['capacity'], { cwd: root });
  const rowsOf = (text: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith('|') && !/^[-:| ]+$/.test(line))
      .map((line) => line.split('|').map((cell) => cell.trim()));
  const cost = readFileSync(join(root, 'docs/operations.md'), 'utf8').split('\n## Cost\n')[1] ?? '';
  expect(rowsOf(cost).length).toBeGreaterThan(10);
  for (const row of rowsOf(cost)) expect(rowsOf(stdout)).toContainEqual(row);
});
