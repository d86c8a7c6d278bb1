import { resolve } from 'node:path';

/** Resolves a path that a person gives to a script, relative to the person's folder (set by bin/lib.sh). */
export function givenPath(env: Record<string, string | undefined>, path: string): string {
  return resolve(env.PARLEY_CALLER_DIR ?? '.', path);
}
