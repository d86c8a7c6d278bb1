import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseEnvFile, similarName } from './env-file.mjs';

/* Reads files in every way: by the parser, by a script's shell, and by a program that a script starts. */

/** A checkout with bin/lib.sh and one script, in a folder whose name breaks a careless script. */
const root = join(mkdtempSync(join(tmpdir(), 'parley-env-')), `a b'c`);
const script = `#!/usr/bin/env bash
# Prints a variable as the shell and as a program sees it.
${/set -euo pipefail\n.*?lib\.sh"\n/s.exec(readFileSync('bin/check', 'utf8'))?.[0]}
printf '%s\\0' "\${VALUE-unset}"
exec node -e 'process.stdout.write(process.env.VALUE ?? "unset")'
`;

beforeAll(() => {
  for (const path of ['bin/lib.sh', 'config/src/env-file.mjs', 'config/src/load-env.mjs', '.env.example'])
    cpSync(path, join(root, path));
  writeFileSync(join(root, 'bin/show'), script, { mode: 0o755 });
  mkdirSync(join(root, '.data'));
});
afterAll(() => rmSync(join(root, '..'), { recursive: true }));

function show(file: string, env: Record<string, string> = {}) {
  writeFileSync(join(root, '.env'), file);
  const { status, stdout, stderr } = spawnSync(join(root, 'bin/show'), {
    env: { PATH: process.env.PATH, ...env },
    encoding: 'utf8',
  });
  return { status, stderr, seen: stdout.split('\0') };
}

describe('a value means the same to the parser, to scripts and to programs', () => {
  const url = 'postgres://x@h/db?a=1&b=2';
  test.each<[what: string, file: string, value: string]>([
    ['an unquoted &', `VALUE=${url}`, url],
    ['surrounding spaces', '  VALUE \t=\t two words \t', 'two words'],
    ['nothing', 'VALUE=\nOTHER=1', ''],
    ['a trailing comment', 'VALUE=one # and why', 'one'],
    ['a comment in place of a value', 'VALUE= # nothing yet', ''],
    ['# in quotes', 'VALUE="a # b" # why', 'a # b'],
    ['single quotes', `VALUE='a "b" $HOME \\n'`, 'a "b" $HOME \\n'],
    ['double quotes', `VALUE="it's a\\nb"`, `it's a\nb`],
    ['backticks', 'VALUE=`it\'s "x"`', `it's "x"`],
    ['a quote as a shell writes it', `VALUE='it'\\''s $x "y"'`, `it's $x "y"`],
    ['a quote inside the value', `VALUE=it's`, `it's`],
    ['CRLF', 'VALUE=one\r\nOTHER=2\r\n', 'one'],
    ['a BOM', '\uFEFFVALUE=one', 'one'],
    ['export', 'export VALUE=one', 'one'],
    ['several lines', 'OTHER=1\nVALUE="one\r\ntwo"\nLAST=3', 'one\ntwo'],
    ['$ and commands', 'VALUE=$HOME`id`$(id)', '$HOME`id`$(id)'],
    ['=', 'VALUE=a=b==', 'a=b=='],
    ['a repeated name', 'VALUE=one\nVALUE=two', 'two'],
    ['comments and blank lines before', '\n# VALUE=zero\n\n  # more\nVALUE=one', 'one'],
  ])('%s', (_what, file, value) => {
    expect(parseEnvFile(file).findLast(({ name }) => name === 'VALUE')?.value).toBe(value);
    expect(show(file)).toEqual({ status: 0, stderr: '', seen: [value, value] });
  });
});

describe('an invalid line stops every script, with file, line and reason, and without the value', () => {
  test.each<[what: string, file: string, complaint: string]>([
    ['no assignment', 'VALUE=1\nsecret', '.env line 2: this is not NAME=value.'],
    ['a space in a name', 'MY VALUE=secret', '.env line 1: a name has only letters, digits and _'],
    ['an unclosed quote', '\nVALUE="secret\nOTHER=1', '.env line 2: the quote " is never closed.'],
    [
      'text after the closing quote',
      `VALUE='secret'secret`,
      '.env line 1: after the closing quote only a comment',
    ],
    ['# in a value', 'VALUE=secret#secret', '.env line 1: the value contains #. Quote the value'],
    [
      'a misspelled name',
      'DATABSE_URL=secret',
      '.env line 1: Parley reads no DATABSE_URL. Did you mean DATABASE_URL?',
    ],
    ['a lowercase name', 'database_url=secret', 'Did you mean DATABASE_URL?'],
  ])('%s', (_what, file, complaint) => {
    const { status, stderr, seen } = show(file);
    expect([status, seen]).toEqual([2, ['']]);
    expect(stderr).toContain(complaint);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).not.toContain('secret');
  });
});

test('the environment takes precedence over .env, and .env over the file of bin/start', () => {
  writeFileSync(join(root, '.data/env'), "VALUE='of the system'\n");
  expect(show('').seen[0]).toBe('of the system');
  expect(show('VALUE=of the file').seen[0]).toBe('of the file');
  expect(show('VALUE=of the file', { VALUE: 'of the environment' }).seen[0]).toBe('of the environment');
  expect(show('VALUE=of the file', { VALUE: '' }).seen[0]).toBe('');
  rmSync(join(root, '.data/env'));
});

test('variables that bash reserves are skipped, because files of docker-compose often set UID', () => {
  expect(show('UID=1000\nGID=1000\nPPID=1\nBASHOPTS=x\nIFS=,\nVALUE=a,b')).toEqual({
    status: 0,
    stderr: '',
    seen: ['a,b', 'a,b'],
  });
});

test('only misspelled names are refused, because other programs have settings too', () => {
  const known = ['PORT', 'DATABASE_URL', 'AWS_ENDPOINT_URL_S3', 'AWS_REGION'];
  expect(similarName('DATABASE_URI', known)).toBe('DATABASE_URL');
  expect(similarName('AWS_REGOIN', known)).toBe('AWS_REGION');
  for (const name of [
    'PORT',
    'PGPORT',
    'AWS_PROFILE',
    'AWS_ENDPOINT_URL_SQS',
    'NODE_OPTIONS',
    'TEST_DATABASE_URL_1',
  ])
    expect(similarName(name, known)).toBeUndefined();
});
