import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const root = new URL('../../', import.meta.url).pathname;

test('a system that is lost comes back from its files, from its export, and from stores of two moments', async () => {
  const { PATH, HOME } = process.env;
  // What somebody uses is not touched: nobody listens there.
  const env = { PATH, HOME, DATABASE_URL: 'postgres://127.0.0.1:9/in-use', DATA_DIR: '/nowhere' };
  const { stdout } = await promisify(execFile)('bin/rehearse-restore', { cwd: root, env });
  expect(stdout).not.toContain('NOT OK');
  expect(stdout).toContain('Every restore is what was backed up.');
  expect(stdout.match(/^ {2}ok: bin\/check$/gm)).toHaveLength(3);
}, 300_000);
