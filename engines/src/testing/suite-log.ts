import { randomUUID } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/**
 * The folder in which bin/test collects the log lines of all test processes, to search them for secrets. May be unset.
 */
export const suiteLogDir = process.env.SUITE_LOG_DIR;
export const suiteFile = (kind: string) =>
  `${suiteLogDir}/${process.env.JEST_WORKER_ID ?? 0}-${process.pid}.${kind}`;

function note(kind: 'texts' | 'secrets', value: unknown, leastLength: number) {
  if (suiteLogDir && typeof value === 'string' && value.length >= leastLength)
    appendFileSync(suiteFile(kind), `${JSON.stringify(value)}\n`);
}

/** Records a sent text, which no log line may hold. Ignores short texts, because they could be part of anything. */
export const noteText = (text: unknown) => note('texts', text, 12);

/** Records a password, a refresh token or a signing secret, which no log line may hold. */
export const noteSecret = (secret: unknown) => note('secrets', secret, 8);

const logFile = () => suiteFile(`${randomUUID()}.log`);

/** Collects the output of a test's process. Each stream has its own file, so that lines stay whole. */
export function keepOutput(...streams: (Readable | null)[]) {
  for (const stream of streams) {
    const file = logFile();
    stream?.on('data', (data) => suiteLogDir && appendFileSync(file, data));
  }
}

/** Collects the lines of an ended process. */
export const keepLines = (lines: string) => void (suiteLogDir && appendFileSync(logFile(), lines));

/** Collects the logs of a system of bin/start before its folder is deleted. */
export function keepSystem(dataDir: string) {
  if (!suiteLogDir) return;
  for (const name of ['cursor-secret', 'delivery-secret'])
    noteSecret(readFileSync(join(dataDir, name), 'utf8').trim());
  for (const name of readdirSync(join(dataDir, 'logs')))
    keepLines(readFileSync(join(dataDir, 'logs', name), 'utf8'));
}
