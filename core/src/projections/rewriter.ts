import { setTimeout as sleep } from 'node:timers/promises';
import type pLimit from 'p-limit';
import type { Table } from '../table/client.ts';
import { isRetryableCode, isTransientFault, UnprocessedError } from '../table/faults.ts';
import { execute, maxStatements, type WriteBatch } from '../table/statements.ts';
import { afterRefusal, type Rewrite, statementOf } from './rewrites.ts';

/* Writes summaries, several in each request. A rewrite that fails makes only its own conversation fail. */

const maxAttempts = 4;

/** The time ran out before all summaries of a conversation were written. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/** The conversations that failed, each with its error. */
export type Failures = Map<string, unknown>;

export type Rewriter = ReturnType<typeof createRewriter>;

export function createRewriter(table: Table, batch: WriteBatch, limit: ReturnType<typeof pLimit>) {
  /** Writes all rewrites, with retries. Calls `mayWrite` before each request, and adds failures to `failed`. */
  async function writeAll(rewrites: Rewrite[], failed: Failures, mayWrite: () => boolean) {
    for (let open = rewrites; open.length > 0; ) {
      const again = await writeOnce(open, failed, mayWrite);
      const attempts = Math.max(0, ...again.map((rewrite) => rewrite.attempts));
      if (attempts > 0) await sleep(Math.random() * 25 * 2 ** attempts);
      open = again;
    }
  }

  /** Writes in requests whose statements concern different items. Returns the rewrites that remain. */
  async function writeOnce(open: Rewrite[], failed: Failures, mayWrite: () => boolean): Promise<Rewrite[]> {
    const batches: Rewrite[][] = [];
    for (let start = 0; start < open.length; start += maxStatements[batch])
      batches.push(open.slice(start, start + maxStatements[batch]));
    const left = await Promise.all(
      batches.map((some) =>
        limit(() => inTime(mayWrite, () => writeBatch(some, failed))).catch((error) => {
          if (!(error instanceof DeadlineError)) throw error;
          return some.flatMap((rewrite) => fail(rewrite, failed, error));
        }),
      ),
    );
    return left.flat();
  }

  async function writeBatch(rewrites: Rewrite[], failed: Failures): Promise<Rewrite[]> {
    try {
      const statements = rewrites.map((rewrite) => statementOf(table, rewrite));
      const outcomes = await execute(table, batch, statements);
      return rewrites.flatMap((rewrite, index) => {
        const outcome = outcomes[index];
        if (outcome === 'written') return rewrite.next ?? [];
        if (outcome?.Code === 'ConditionalCheckFailed') return afterRefusal(rewrite);
        const reason = `the table refused a summary: ${outcome?.Code}: ${outcome?.Message}`;
        return isRetryableCode(outcome?.Code)
          ? retry(rewrite, failed, new UnprocessedError(reason))
          : fail(rewrite, failed, new Error(reason));
      });
    } catch (error) {
      if (isTransientFault(error)) return rewrites.flatMap((rewrite) => retry(rewrite, failed, error));
      if (rewrites.length === 1) return rewrites.flatMap((rewrite) => fail(rewrite, failed, error));
      const alone = await Promise.all(rewrites.map((rewrite) => writeBatch([rewrite], failed)));
      return alone.flat();
    }
  }

  return { writeAll };
}

export async function inTime<T>(isInTime: () => boolean, task: () => Promise<T>): Promise<T> {
  if (!isInTime()) throw new DeadlineError('the time is up; a retry will do the rest');
  return task();
}

function retry(rewrite: Rewrite, failed: Failures, reason: unknown): Rewrite[] {
  const attempts = rewrite.attempts + 1;
  return attempts < maxAttempts ? [{ ...rewrite, attempts }] : fail(rewrite, failed, reason);
}

function fail({ messageGroupUuid }: Rewrite, failed: Failures, reason: unknown): [] {
  failed.set(messageGroupUuid, reason);
  return [];
}
