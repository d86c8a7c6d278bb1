// @ts-check
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnvFile, similarName } from './env-file.mjs';

/*
 * Prints the settings of .env for bin/lib.sh and, with --system, those that a running bin/start wrote to DATA_DIR/env.
 * The format is NAME, NUL, value, NUL for each name that the environment does not set, then END and NUL. An invalid
 * file prints one line to standard error, and no END. PARLEY_SETTINGS_FROM holds the file and line of each setting.
 */

const root = resolve(import.meta.dirname, '../..');
const knownNames = [...read(join(root, '.env.example')).matchAll(/^# ([A-Z][A-Z0-9_]*)=/gm)].map(
  ([, name = '']) => name,
);
/** Bash refuses to set these variables, or they change how it reads everything else. */
const shellVariables = new Set(['BASHOPTS', 'BASH_VERSINFO', 'EUID', 'IFS', 'PPID', 'SHELLOPTS', 'UID']);
/** @type {Map<string, { value: string, from: string }>} */
const settings = new Map();

try {
  load(join(root, '.env'), '.env', knownNames);
  if (process.argv.includes('--system')) {
    const dataDir = process.env.DATA_DIR ?? settings.get('DATA_DIR')?.value ?? '.data';
    const path = join(resolve(root, dataDir), 'env');
    load(path, path, []);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
const origins = [...settings].map(([name, { from }]) => `${name} ${from}`);
if (process.env.PARLEY_SETTINGS_FROM) origins.unshift(process.env.PARLEY_SETTINGS_FROM);
const printed = [...settings].map(([name, { value }]) => `${name}\0${value}\0`);
if (settings.size > 0) printed.push(`PARLEY_SETTINGS_FROM\0${origins.join('\n')}\0`);
process.stdout.write(`${printed.join('')}END\0`);

/** @param {string} path @param {string} shown @param {readonly string[]} known */
function load(path, shown, known) {
  if (!existsSync(path)) return;
  const before = new Set(settings.keys());
  for (const { name, value, line } of parse(path, shown)) {
    if (shellVariables.has(name)) continue;
    const from = `${shown} line ${line}`;
    const similar = similarName(name, known);
    if (similar) throw new Error(`${from}: Parley reads no ${name}. Did you mean ${similar}?`);
    if (process.env[name] === undefined && !before.has(name)) settings.set(name, { value, from });
  }
}

/** @param {string} path @param {string} shown */
function parse(path, shown) {
  try {
    return parseEnvFile(read(path));
  } catch (error) {
    throw new Error(`${shown} ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/** @param {string} path */
function read(path) {
  return readFileSync(path, 'utf8');
}
