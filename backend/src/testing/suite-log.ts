import { appendFileSync } from 'node:fs';
import pino from 'pino';
import { createLogger, type Logger } from '../logger.ts';

/** Where bin/test wants the lines of all nodes of the tests, to look for what must not be in them; otherwise unset. */
const dir = process.env.SUITE_LOG_DIR;
const file = (kind: string) => `${dir}/${process.env.JEST_WORKER_ID ?? 0}-${process.pid}.${kind}`;

export function suiteLogger(): Logger {
  if (!dir) return createLogger('silent');
  return createLogger('debug', pino.destination({ dest: file('log'), sync: true, append: true }));
}

/** Notes a text that somebody sends: no line may hold it. Short ones could be part of anything. */
export function noteText(text: unknown) {
  if (dir && typeof text === 'string' && text.length >= 12)
    appendFileSync(file('texts'), `${JSON.stringify(text)}\n`);
}
