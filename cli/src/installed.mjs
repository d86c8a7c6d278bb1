// @ts-check
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/*
 * Checks that node_modules contains what package-lock.json lists. It is JavaScript without packages, because none may
 * be installed.
 *
 *   installed.mjs           prints what is missing, and ends with 1 if anything is
 *   installed.mjs --record  records this Node, and the optional packages that npm could not install
 */

const listName = 'node_modules/.package-lock.json';
const recordName = 'node_modules/.cache/installed.json';

/**
 * @typedef {{ version?: string, optional?: boolean, link?: boolean, os?: string[], cpu?: string[], libc?: string[] }}
 *   Entry
 * @typedef {{ platform: string, arch: string, modules: string }} Machine
 */

/** @type {Machine} */
const thisMachine = { platform: process.platform, arch: process.arch, modules: process.versions.modules };

/**
 * Describes the first missing package, or returns undefined. npm writes its list last, so an interrupted install has
 * none.
 * @param {string} root
 * @param {Machine} machine
 */
export function firstMissing(root, machine = thisMachine) {
  const wanted = packagesOf(root, 'package-lock.json') ?? {};
  const listed = packagesOf(root, listName);
  if (!listed) return 'node_modules is missing or incomplete.';
  const record = read(root, recordName) ?? {};
  if (record.modules && record.modules !== machine.modules)
    return `the packages were installed for another Node (${record.modules}, now ${machine.modules}).`;
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.includes('node_modules/') || !isExpected(path, entry, listed, machine)) continue;
    if (entry.optional && record.unavailable?.includes(path)) continue;
    if (!entry.link && listed[path]?.version !== entry.version) return `${path} is not ${entry.version}.`;
    if (!existsSync(join(root, path, 'package.json'))) return `${path} is missing.`;
  }
  return undefined;
}

/** @param {string} path @param {Entry} entry @param {Record<string, Entry>} listed @param {Machine} machine */
function isExpected(path, { optional, os, cpu, libc }, listed, { platform, arch }) {
  if (!optional || listed[path]) return true;
  // npm never installs packages for other machines. Of packages for a C library it lists the matching ones.
  return Boolean(os && cpu && !libc && allows(os, platform) && allows(cpu, arch));
}

/** @param {string[]} names @param {string} name */
const allows = (names, name) =>
  names.includes(name) || (names[0]?.startsWith('!') && !names.includes(`!${name}`));

/** Call after an install: an optional package that is still missing is not available here. @param {string} root */
export function record(root, machine = thisMachine) {
  const wanted = packagesOf(root, 'package-lock.json') ?? {};
  const listed = packagesOf(root, listName) ?? {};
  const unavailable = Object.entries(wanted)
    .filter(([path, entry]) => entry.optional && !listed[path] && isExpected(path, entry, listed, machine))
    .map(([path]) => path);
  mkdirSync(dirname(join(root, recordName)), { recursive: true });
  writeFileSync(join(root, recordName), JSON.stringify({ modules: machine.modules, unavailable }));
}

/** @param {string} root @param {string} name @returns {Record<string, Entry> | undefined} */
const packagesOf = (root, name) => read(root, name)?.packages;

/** Undefined for a file that is missing or truncated. @param {string} root @param {string} name */
function read(root, name) {
  try {
    return JSON.parse(readFileSync(join(root, name), 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || /** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT')
      return undefined;
    throw error;
  }
}

if (process.argv[1] === import.meta.filename) {
  const root = resolve(import.meta.dirname, '../..');
  if (process.argv.includes('--record')) record(root);
  else {
    const missing = firstMissing(root);
    if (missing) process.stdout.write(`${missing}\n`);
    process.exitCode = missing ? 1 : 0;
  }
}
