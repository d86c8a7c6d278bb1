import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import type { Figure } from './figures.ts';

const root = join(import.meta.dirname, '../..');

// Says that the harness works, and nothing of speed: one short round of each.
test('every scenario runs and tells numbers', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-test-'));
  try {
    const file = join(folder, 'figures.json');
    const { stdout } = await promisify(execFile)('bin/bench', ['--quick', '--json', file], {
      cwd: root,
      // Before the test's own time is up: what it started ends with it.
      timeout: 540_000,
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
    const told = new Set(figures.map(({ scenario }) => scenario));
    const { stdout: list } = await promisify(execFile)('bin/bench', ['--list'], { cwd: root });
    const names = list.split('\n').flatMap((line) => line.split(/\s+/, 1).filter(Boolean));
    const skipped = names.filter((name) => !told.has(name));
    for (const name of skipped) expect(stdout).toMatch(new RegExp(`^${name}: .*\\n  skipped: `, 'm'));
    expect(told.size).toBeGreaterThan(8);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 600_000);
