import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

test('a program of bin/ prints a stack only with --verbose', () => {
  const run = (...args: string[]) => spawnSync('bin/bench', ['--nonsense', ...args], { encoding: 'utf8' });
  expect(run()).toMatchObject({ status: 2, stderr: "Unknown option '--nonsense'. See --help.\n" });
  expect(run('--verbose').stderr).toContain('\n    at ');
});

test('a script ends silently when its reader closes the pipe', () => {
  const { stdout, stderr } = spawnSync('bash', ['-c', 'bin/bench --list | head -1; echo "$PIPESTATUS"'], {
    encoding: 'utf8',
  });
  expect([stdout.split('\n').length, stdout.trimEnd().slice(-1), stderr]).toEqual([3, '0', '']);
});
