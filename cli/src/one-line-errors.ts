import { report, takeVerbose } from './explain.ts';

/*
 * Loaded before every program that a script of bin/ runs (bin/lib.sh): what a program does not catch is told in a line, and
 * as a whole with --verbose.
 */

if (takeVerbose(process.argv)) process.env.PARLEY_VERBOSE = 'true';

process.on('uncaughtException', (error) => end(error));

// A reader that has left, such as `head`, has what it wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  end(error);
});

function end(error: unknown): never {
  console.error(report(error));
  process.exit(2);
}
