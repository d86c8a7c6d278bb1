import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import getPort from 'get-port';
import { explain, UsageError } from './explain.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-explain-'));
  writeFileSync(join(dir, 'file'), '');
});
afterAll(() => rmSync(dir, { recursive: true }));

/** The error that an action really throws. */
function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const overfill = () => {
  const full = openSync('/dev/full', 'w');
  try {
    writeSync(full, 'a');
  } finally {
    closeSync(full);
  }
};

test.each<[what: string, action: () => unknown, line: RegExp]>([
  ['no file', () => readFileSync(join(dir, 'none')), /^\/.*\/none does not exist \(ENOENT\)\.$/],
  ['a folder for a file', () => readFileSync(dir), /^It is a folder, not a file \(EISDIR\)\.$/],
  [
    'a file for a folder',
    () => mkdirSync(join(dir, 'file/x'), { recursive: true }),
    /a part of the path is a file/,
  ],
  [
    'a file in its place',
    () => mkdirSync(join(dir, 'file'), { recursive: true }),
    /file is a file, not a folder/,
  ],
  ['a full disk', overfill, /^No space is left on the disk \(ENOSPC\)\.$/],
])('a system error is a line: %s', (_what, action, line) => {
  expect(explain(thrown(action))).toMatch(line);
});

test('the line contains the system error at the end of the causes', async () => {
  const port = await getPort();
  const error = await fetch(`http://127.0.0.1:${port}/`).catch((error: unknown) => error);
  expect(explain(error)).toBe(`Nothing answers at 127.0.0.1:${port}. Is Parley running (bin/start)?`);
  expect(explain(new UsageError('It was not sent.', { cause: error }))).toBe(
    `It was not sent. Nothing answers at 127.0.0.1:${port}. Is Parley running (bin/start)?`,
  );
});

test.each<[what: string, fields: object, line: string]>([
  ['permission', { code: 'EACCES', path: '/x' }, '/x is not accessible for the user with the id '],
  ['a read-only disk', { code: 'EROFS', path: '/x' }, '/x is on a read-only file system (EROFS).'],
  ['a full disk with its path', { code: 'ENOSPC', path: '/x' }, 'No space is left for /x (ENOSPC).'],
  ['another', { code: 'EMFILE', path: '/x' }, '/x: too many open files (EMFILE).'],
  [
    'no table',
    { name: 'ResourceNotFoundException', message: 'Table: x not found' },
    'The table does not exist',
  ],
  [
    'no user pool',
    { name: 'ResourceNotFoundException', message: 'User pool x', $fault: 'client' },
    'ResourceNot',
  ],
  [
    'an incomplete engine',
    { name: 'UnknownOperationException', message: '' },
    'The DynamoDB API of AWS_ENDPOINT',
  ],
  ['no schema', { code: '42P01', severity: 'ERROR', message: 'relation' }, 'The database has no schema yet'],
  [
    'Postgres',
    { code: '22012', severity: 'ERROR', message: 'division by zero' },
    'Postgres: division by zero.',
  ],
  [
    'a bug',
    { name: 'TypeError', message: 'x is not\n  a function' },
    'TypeError: x is not a function (--verbose',
  ],
  ['nothing', { message: '' }, 'Error: no message (--verbose shows the stack)'],
])('an error of another part is a line: %s', (_what, fields, line) => {
  const explained = explain(Object.assign(new Error('x'), fields));
  expect(explained.startsWith(line) && !explained.includes('\n')).toBe(true);
});

test('a thrown value that is not an error is a line too', () => {
  expect(explain(undefined)).toBe('undefined');
  expect(explain('')).toBe('An error without a message.');
});

test('an unknown host name is one line, whichever client looked it up', async () => {
  const failed = await fetch('http://no-such-host.invalid/').catch((error) => error);
  expect(explain(failed)).toMatch(
    /^The host no-such-host\.invalid was not found \((ENOTFOUND|EAI_AGAIN)\)\.$/,
  );
});
