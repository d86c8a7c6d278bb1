import { report, takeVerbose } from './verbose.ts';

/*
 * bin/lib.sh loads this file before each program. An uncaught error prints one line, or the whole error with --verbose.
 */

if (takeVerbose(process.argv)) process.env.PARLEY_VERBOSE = 'true';

process.on('uncaughtException', (error) => end(error));

// A reader such as `head` closes the pipe once it has enough, which is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  end(error);
});

function end(error: unknown): never {
  console.error(report(error));
  process.exit(2);
}
