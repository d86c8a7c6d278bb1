import { chmodSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const others = 0o077;

/** Makes new files of this process and its children private to its user. */
export const makePrivateFiles = () => process.umask(others);

/** Makes a folder and everything in it private to its owner. Returns the number of changed files and folders. */
export function closeToOthers(path: string): number {
  const found = lstatSync(path);
  if (found.isSymbolicLink()) return 0;
  const isOpen = (found.mode & others) !== 0;
  if (isOpen) chmodSync(path, found.mode & 0o700);
  if (!found.isDirectory()) return Number(isOpen);
  return readdirSync(path).reduce((count, name) => count + closeToOthers(join(path, name)), Number(isOpen));
}
