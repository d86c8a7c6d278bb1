import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

test('a program of bin/ prints a stack with --verbose alone', () => {
  const run = (...args: string[]) => spawnSync('bin/bench', ['--nonsense', ...args], { encoding: 'utf8' });
  expect(run()).toMatchObject({ status: 2, stderr: "Unknown option '--nonsense'. See --help.\n" });
  expect(run('--verbose').stderr).toContain('\n    at ');
});

test('a reader that has what it wanted ends a script without a word', () => {
  const { stdout, stderr } = spawnSync('bash', ['-c', 'bin/bench --list | head -1; echo "$PIPESTATUS"'], {
    encoding: 'utf8',
  });
  expect([stdout.split('\n').length, stdout.trimEnd().slice(-1), stderr]).toEqual([3, '0', '']);
});
