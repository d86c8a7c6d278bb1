import { suiteFile, suiteLogDir } from '@parley/engines/testing/suite-log';
import pino from 'pino';
import { createLogger, type Logger } from '../observe/logger.ts';

/** The logger of a node that runs in the process of a test. */
export function suiteLogger(): Logger {
  if (!suiteLogDir) return createLogger('silent');
  return createLogger('debug', pino.destination({ dest: suiteFile('log'), sync: true, append: true }));
}
