import { resolve } from 'node:path';

/** A path as a person gives it to a script: relative to where the person stands (bin/lib.sh says where that is). */
export function givenPath(env: Record<string, string | undefined>, path: string): string {
  return resolve(env.PARLEY_CALLER_DIR ?? '.', path);
}
