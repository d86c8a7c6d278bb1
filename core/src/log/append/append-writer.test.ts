import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  BatchExecuteStatementCommand,
  type BatchExecuteStatementCommandOutput,
  type TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import { type Send, withSend } from '@parley/engines/testing/with-send';
import { type Entry, range } from '../entries.ts';
import { createAppendWriter, refusalOf } from './append-writer.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());

const entry = (uuid: string, seq: number, message = 'text'): Entry => ({
  message_group_uuid: uuid,
  seq,
  type: 'message',
  message_uuid: randomUUID(),
  message,
  user_uuid: 'author',
  user_handle: 'ada',
  user_display_name: 'Ada',
  created_at: '2026-01-01T00:00:00.000Z',
  message_count: seq,
});
/** The entries 1 to `count` of a new conversation. */
const logOf = (count: number) => {
  const uuid = randomUUID();
  return Array.from({ length: count }, (_, index) => entry(uuid, index + 1));
};
const first = (written: Entry[]) => written[0]?.message_group_uuid ?? '';
const stored = async (uuid: string) => (await range(table, uuid, { order: 'ascending' })).entries;
const sizeOf = (command: unknown) =>
  command instanceof BatchExecuteStatementCommand
    ? command.input.Statements?.length
    : (command as TransactWriteCommand).input.TransactItems?.length;

const cancelled = (...codes: string[]) =>
  new TransactionCanceledException({
    $metadata: {},
    message: 'cancelled',
    CancellationReasons: codes.map((Code) => ({ Code })),
  });
const lost = () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });

/** A writer whose requests pass through `answer`, and the sizes of these requests. */
function writerOf(
  kind: 'statements' | 'transactions',
  answer: (command: unknown, send: Send) => Promise<unknown>,
) {
  const sizes: (number | undefined)[] = [];
  const watched = withSend(table, (command, send) => {
    sizes.push(sizeOf(command));
    return answer(command, send);
  });
  return { writer: createAppendWriter(watched, kind), sizes };
}

describe.each([
  { kind: 'statements', perRequest: 25, requestsInFlight: 8 },
  { kind: 'transactions', perRequest: 100, requestsInFlight: 2 },
] as const)('a writer of $kind', ({ kind, perRequest, requestsInFlight }) => {
  test('writes an entry whose number is free, and refuses one whose number is taken, side by side', async () => {
    const writer = createAppendWriter(table, kind);
    const taken = logOf(1);
    expect(await writer.write(taken)).toBe('written');
    const other = entry(first(taken), 1, 'another');
    const neighbours = [logOf(1), logOf(1)];
    const outcomes = await Promise.all([neighbours[0] ?? [], [other], neighbours[1] ?? []].map(writer.write));
    expect(outcomes).toEqual(['written', 'refused', 'written']);
    expect(await stored(first(taken))).toEqual(taken);
    for (const written of neighbours) expect(await stored(first(written))).toEqual(written);
    expect(await writer.write(taken)).toBe('refused');
  });

  test('shares requests between conversations, up to what one may hold, and sends few at once', async () => {
    let [inFlight, most] = [0, 0];
    const { writer, sizes } = writerOf(kind, async (command, send) => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await sleep(20);
      const answer = await send(command);
      inFlight -= 1;
      return answer;
    });
    const logs = Array.from({ length: perRequest * requestsInFlight + 30 }, () => logOf(1));
    expect(new Set(await Promise.all(logs.map(writer.write)))).toEqual(new Set(['written']));
    expect(most).toBe(requestsInFlight);
    expect(sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)).toBe(logs.length);
    expect(Math.max(...sizes.map(Number))).toBe(perRequest);
  });

  test('returns unknown for an entry whose answer is lost', async () => {
    const { writer } = writerOf(kind, async (command, send) => {
      await send(command);
      throw lost();
    });
    const log = logOf(1);
    expect(await writer.write(log)).toBe('unknown');
    expect(await stored(first(log))).toEqual(log);
  });

  test('sends the entries of a failed request one by one, and fails only the one that the table refuses', async () => {
    const { writer, sizes } = writerOf(kind, (command, send) => send(command));
    const logs = [logOf(1), [entry(randomUUID(), 1, 'x'.repeat(450_000))], logOf(1)];
    const outcomes = await Promise.allSettled(logs.map(writer.write));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    if (kind === 'transactions') expect(sizes).toEqual([3, 1, 1, 1]);
    for (const log of [logs[0] ?? [], logs[2] ?? []]) expect(await stored(first(log))).toEqual(log);
  });

  test('continues after a failure', async () => {
    let isFailing = true;
    const { writer } = writerOf(kind, (command, send) => {
      if (isFailing) throw new TypeError('a bug');
      return send(command);
    });
    const failed = await Promise.allSettled(Array.from({ length: 300 }, () => writer.write(logOf(1))));
    expect(new Set(failed.map(({ status }) => status))).toEqual(new Set(['rejected']));
    isFailing = false;
    expect(await writer.write(logOf(1))).toBe('written');
  });
});

describe('a statement', () => {
  const codes = [
    ['DuplicateItem', 'refused'],
    ['InternalServerError', 'unknown'],
    ['ThrottlingError', 'postponed'],
    ['ProvisionedThroughputExceeded', 'postponed'],
    ['TransactionConflict', 'postponed'],
  ] as const;

  test.each(codes)('that is answered %s is %s, and its neighbour is written', async (Code, outcome) => {
    const { writer } = writerOf('statements', async (command, send) => {
      const answer = (await send(command)) as BatchExecuteStatementCommandOutput;
      return { ...answer, Responses: answer.Responses?.with(0, { Error: { Code, Message: 'x' } }) };
    });
    expect(await Promise.all([logOf(1), logOf(1)].map(writer.write))).toEqual([outcome, 'written']);
  });

  test('without an answer is unknown, and with an unexpected one is an error', async () => {
    const { writer } = writerOf('statements', async () => ({ Responses: [] }));
    expect(await writer.write(logOf(1))).toBe('unknown');
    const strange = { Responses: [{ Error: { Code: 'ValidationError', Message: 'too long' } }] };
    const { writer: other } = writerOf('statements', async () => strange);
    await expect(other.write(logOf(1))).rejects.toThrow('ValidationError: too long');
  });

  test('is alone in its write, because a batch may write one and not the other', () => {
    expect(createAppendWriter(table, 'statements').maxEntries).toBe(1);
    expect(createAppendWriter(table, 'transactions').maxEntries).toBe(25);
  });
});

describe('a transaction', () => {
  test('writes all entries of a conversation or none, and those of the others', async () => {
    const writer = createAppendWriter(table, 'transactions');
    const taken = logOf(3);
    expect(await writer.write(taken.slice(1, 2))).toBe('written');
    const other = logOf(4);
    expect(await Promise.all([taken, other].map(writer.write))).toEqual(['refused', 'written']);
    expect((await stored(first(taken))).map(({ seq }) => seq)).toEqual([2]);
    expect(await stored(first(other))).toEqual(other);
  });

  test('never splits the entries of one write', async () => {
    const { writer, sizes } = writerOf('transactions', (command, send) => send(command));
    const outcomes = await Promise.all(
      [logOf(25), logOf(25), logOf(25), logOf(20), logOf(10)].map(writer.write),
    );
    expect(new Set(outcomes)).toEqual(new Set(['written']));
    expect(sizes).toEqual([95, 10]);
  });

  test('that conflicts with another one is postponed, and the rest is sent without it', async () => {
    let isFirst = true;
    const { writer, sizes } = writerOf('transactions', (command, send) => {
      if (!isFirst) return send(command);
      isFirst = false;
      return Promise.reject(cancelled('None', 'TransactionConflict', 'None'));
    });
    const logs = [logOf(1), logOf(1), logOf(1)];
    expect(await Promise.all(logs.map(writer.write))).toEqual(['written', 'postponed', 'written']);
    expect(sizes).toEqual([3, 2]);
    expect(await stored(first(logs[1] ?? []))).toEqual([]);
  });

  test('is refused rather than postponed if both apply, and neither if the request itself is wrong', () => {
    expect(refusalOf(cancelled('TransactionConflict', 'ConditionalCheckFailed'))).toBe('refused');
    expect(refusalOf(cancelled('None', 'ThrottlingError'))).toBe('postponed');
    expect(refusalOf(cancelled('None', 'ValidationError'))).toBeUndefined();
    expect(refusalOf(new TransactionCanceledException({ $metadata: {}, message: 'x' }))).toBeUndefined();
  });
});
