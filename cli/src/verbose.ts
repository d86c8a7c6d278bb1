import { inspect } from 'node:util';
import { explain } from '@parley/config/explain';

const verboseFlag = '--verbose';

/** Removes --verbose from the arguments, because every script accepts it. Returns whether it was given. */
export function takeVerbose(argv: string[]): boolean {
  const isVerbose = argv.includes(verboseFlag);
  if (isVerbose) argv.splice(0, argv.length, ...argv.filter((argument) => argument !== verboseFlag));
  return isVerbose;
}

/** One line, or with --verbose the whole error with its stack and causes. */
export const report = (error: unknown) =>
  process.env.PARLEY_VERBOSE === 'true' ? inspect(error) : explain(error);
