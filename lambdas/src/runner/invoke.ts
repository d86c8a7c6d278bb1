import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBRecord } from 'aws-lambda';
import { contextFor } from './deadline.ts';
import type { EventSource } from './event-sources.ts';
import { numberOf } from './sequence-numbers.ts';

/**
 * The outcome of an invocation. `failedFrom` is the index of the first record that failed, or undefined if all are
 * done. It is 0, with an error, if the handler threw, did not end in time, or reported a record that was not in its
 * event.
 */
export type Outcome = { failedFrom?: number | undefined; error?: unknown };

/** Invokes a handler once, within its timeout. */
export async function invoke(
  { handler, timeoutMs }: Pick<EventSource, 'handler' | 'timeoutMs'>,
  Records: DynamoDBRecord[],
): Promise<Outcome> {
  const ended = new AbortController();
  const timeout = sleep(timeoutMs, undefined, { signal: ended.signal }).then(() => {
    throw new Error(`Task timed out after ${timeoutMs / 1_000} seconds`);
  });
  timeout.catch(() => {}); // It is aborted if the handler ends first.
  try {
    const response = await Promise.race([handler({ Records }, contextFor(timeoutMs)), timeout]);
    const reported = (response?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
    if (reported.length === 0) return {};
    const numbers = Records.map(numberOf);
    const unknown = reported.find((number) => !numbers.includes(number));
    if (unknown !== undefined)
      throw new Error(`the handler reported record “${unknown}”, which was not in its event`);
    return { failedFrom: Math.min(...reported.map((number) => numbers.indexOf(number))) };
  } catch (error) {
    return { failedFrom: 0, error };
  } finally {
    ended.abort();
  }
}
