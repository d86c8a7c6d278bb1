import { suiteFile, suiteLogDir } from '@parley/engines/testing/suite-log';
import pino from 'pino';
import { createLogger, type Logger } from '../observe/logger.ts';

/** The lines of a node that a test runs in its own process. */
export function suiteLogger(): Logger {
  if (!suiteLogDir) return createLogger('silent');
  return createLogger('debug', pino.destination({ dest: suiteFile('log'), sync: true, append: true }));
}
