import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { StoredLetter } from '@parley/core/dead-letters/dead-letters';
import * as deadLetters from '@parley/core/dead-letters/dead-letters';
import type { StreamRecord } from '@parley/core/log/stream-records';
import type { Table } from '@parley/core/table/client';
import { consumers } from '@parley/lambdas/consumers/all';

/** An event that a function could not handle, and the name of that function. */
export type Letter = {
  /** The name of the letter on the command line. */
  id: string;
  failedAt: string;
  condition: string;
  attempts: number;
  error: string;
  /** Name or ARN. */
  functionName: string;
  /** The event as the function receives it. */
  event: { Records: StreamRecord[] };
};

/** Letters are stored in a bucket on AWS, and elsewhere in the runner's table. */
export type Letters = {
  list(): AsyncIterable<Letter>;
  get(id: string): Promise<Letter | undefined>;
  remove(letter: Letter): Promise<void>;
};

/** The runner's functions, by consumer. */
const functionNames = new Map<string, string>(
  consumers.map(({ name, functionName }) => [name, functionName]),
);

export function tableLetters(table: Table): Letters {
  const read = new WeakMap<Letter, StoredLetter>();
  const letterOf = (stored: StoredLetter): Letter => {
    const { id, failedAt, condition, attempts, error, consumer, record } = stored;
    const functionName = functionNames.get(consumer) ?? consumer;
    const letter = { id, failedAt, condition, attempts, error, functionName, event: { Records: [record] } };
    read.set(letter, stored);
    return letter;
  };
  return {
    async *list() {
      for (const consumer of deadLetters.consumers)
        for await (const stored of deadLetters.list(table, consumer)) yield letterOf(stored);
    },
    async get(id) {
      const stored = await deadLetters.get(table, id);
      return stored && letterOf(stored);
    },
    async remove(letter) {
      const stored = read.get(letter);
      if (stored) await deadLetters.remove(table, stored);
    },
  };
}

export type RedriveFailure = { sequenceNumber: string; error: string };

/**
 * Invokes a letter's function with its event again. If the whole event fails, each record is sent alone and in order,
 * so that one bad record does not block the rest of the batch. Returns the failures. Safe to repeat, like the
 * functions.
 */
export async function redrive(
  lambda: LambdaClient,
  { functionName, event }: Letter,
): Promise<RedriveFailure[]> {
  const error = await invoke(lambda, functionName, event.Records);
  if (error === undefined) return [];
  const failures: RedriveFailure[] = [];
  for (const record of event.Records) {
    const isAlone = event.Records.length === 1;
    const recordError = isAlone ? error : await invoke(lambda, functionName, [record]);
    if (recordError !== undefined)
      failures.push({ sequenceNumber: record.dynamodb?.SequenceNumber ?? '', error: recordError });
  }
  return failures;
}

/** Returns the error, or undefined if everything was handled. */
async function invoke(lambda: LambdaClient, FunctionName: string, Records: StreamRecord[]) {
  const { FunctionError, Payload } = await lambda.send(
    new InvokeCommand({ FunctionName, Payload: JSON.stringify({ Records }) }),
  );
  const answer: unknown = JSON.parse(Payload?.transformToString() || 'null');
  if (FunctionError) return messageOf(answer) ?? FunctionError;
  return hasFailures(answer) ? 'reported by the handler' : undefined;
}

function messageOf(answer: unknown): string | undefined {
  const isError = typeof answer === 'object' && answer !== null && 'errorMessage' in answer;
  return isError ? String(answer.errorMessage) : undefined;
}

function hasFailures(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null || !('batchItemFailures' in answer)) return false;
  return Array.isArray(answer.batchItemFailures) && answer.batchItemFailures.length > 0;
}
