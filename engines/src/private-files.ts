import { chmodSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const others = 0o077;

/** What this process and those that it starts make is for its own user alone. */
export const makePrivateFiles = () => process.umask(others);

/** Takes the rights of everybody but the owner from a folder and all that is in it. Returns of how many. */
export function closeToOthers(path: string): number {
  const found = lstatSync(path);
  if (found.isSymbolicLink()) return 0;
  const isOpen = (found.mode & others) !== 0;
  if (isOpen) chmodSync(path, found.mode & 0o700);
  if (!found.isDirectory()) return Number(isOpen);
  return readdirSync(path).reduce((count, name) => count + closeToOthers(join(path, name)), Number(isOpen));
}
