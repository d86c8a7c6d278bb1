import { randomUUID } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** Where bin/test wants the lines of all processes of the tests, to look for what must not be in them; or unset. */
export const suiteLogDir = process.env.SUITE_LOG_DIR;
export const suiteFile = (kind: string) =>
  `${suiteLogDir}/${process.env.JEST_WORKER_ID ?? 0}-${process.pid}.${kind}`;

function note(kind: 'texts' | 'secrets', value: unknown, leastLength: number) {
  if (suiteLogDir && typeof value === 'string' && value.length >= leastLength)
    appendFileSync(suiteFile(kind), `${JSON.stringify(value)}\n`);
}

/** Notes a text that somebody sends: no line may hold it. Short ones could be part of anything. */
export const noteText = (text: unknown) => note('texts', text, 12);

/** Notes a password, a refresh token, or what signs something. */
export const noteSecret = (secret: unknown) => note('secrets', secret, 8);

const keptFile = () => suiteFile(`${randomUUID()}.log`);

/** Keeps what a process of a test writes, each stream by itself: lines are whole there. */
export function keepOutput(...streams: (Readable | null)[]) {
  for (const stream of streams) {
    const file = keptFile();
    stream?.on('data', (data) => suiteLogDir && appendFileSync(file, data));
  }
}

/** Keeps the lines of a process that has ended. */
export const keepLines = (lines: string) => void (suiteLogDir && appendFileSync(keptFile(), lines));

/** Keeps the logs of what bin/start ran, before its folder goes. What it prints to its user is no log. */
export function keepSystem(dataDir: string) {
  if (!suiteLogDir) return;
  for (const name of ['cursor-secret', 'delivery-secret'])
    noteSecret(readFileSync(join(dataDir, name), 'utf8').trim());
  for (const name of readdirSync(join(dataDir, 'logs')))
    keepLines(readFileSync(join(dataDir, 'logs', name), 'utf8'));
}
