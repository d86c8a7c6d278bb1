import type { ChildProcess } from 'node:child_process';
import { createWriteStream, renameSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';

const logBytesKept = 10_000_000;
const warnLevel = 40;

export type PartLog = ReturnType<typeof openPartLog>;

/** The log file of one process of the system, over all its restarts. */
export function openPartLog(path: string) {
  keepOneOldLog(path);
  const file = createWriteStream(path, { flags: 'a' });
  // A full disk must not end the system. Lines are lost then, but the terminal still shows warnings.
  file.on('error', () => {});
  return {
    path,
    /** Writes the child's output to the file, and calls `onLine` for each line. */
    follow(child: ChildProcess, onLine: (line: string) => void) {
      for (const stream of [child.stdout, child.stderr]) {
        if (!stream) continue;
        createInterface({ input: stream }).on('line', (line) => {
          file.write(`${line}\n`);
          onLine(line);
        });
      }
    },
    /** Appends a line of the supervisor. */
    append: (msg: string) =>
      file.write(`${JSON.stringify({ level: warnLevel, time: Date.now(), service: 'supervisor', msg })}\n`),
    /** Resolves when all output is written. */
    async close(childClosed: Promise<unknown> | undefined) {
      await childClosed;
      file.end();
      await finished(file).catch(() => {});
    },
  };
}

const warningLevel = /"level":(?:([456])0|"(warn|error|fatal)")/;

/** The text of a log line at or above a level, or undefined for other lines. */
export function readWarning(line: string, leastLevel: number) {
  const found = warningLevel.exec(line);
  if (!found) return undefined;
  const level = found[1] ? Number(found[1]) * 10 : { warn: 40, error: 50, fatal: 60 }[found[2] ?? ''];
  if (!level || level < leastLevel) return undefined;
  try {
    const { msg, message, err } = JSON.parse(line);
    return [msg ?? message, err?.message].filter(Boolean).join(': ') || line;
  } catch {
    return line;
  }
}

function keepOneOldLog(path: string) {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > logBytesKept) renameSync(path, `${path}.1`);
}
