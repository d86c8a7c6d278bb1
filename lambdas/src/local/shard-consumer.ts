import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DynamoDBStreamsClient,
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  TrimmedDataAccessException,
} from '@aws-sdk/client-dynamodb-streams';
import type { Table } from '@parley/core/table/client';
import { isTransientFault } from '@parley/core/table/faults';
import type { StreamRecord } from '@parley/core/table/stream';
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { Logger } from 'pino';
import * as checkpoints from './checkpoints.ts';
import * as deadLetters from './dead-letters.ts';
import { lambdaRecord } from './records.ts';
import type { Waiter } from './waiter.ts';

/*
 * Reads one shard to its end, as a Lambda event source mapping does.
 *
 * 1. Records that pass the filter gather into a batch until it is full or its window has passed.
 * 2. The handler gets the batch. It is tried again from its first failure on, with backoff; what fails every attempt
 *    becomes a dead letter, and the shard moves on. A batch that fails as a whole is halved down to the record at fault.
 * 3. Only then the checkpoint moves, beside the reading of the next batch. A crash in between repeats what was not
 *    noted yet, which the handler must survive.
 *
 * Faults of the table or the stream itself end the consumer: its caller starts another from the checkpoint.
 */

export type EventSource = {
  /** Names the checkpoints. */
  name: string;
  filter: (record: StreamRecord) => boolean;
  handler: (event: DynamoDBStreamEvent) => Promise<DynamoDBBatchResponse>;
  batchSize: number;
  /** How long a batch may gather, from its first record. */
  windowMs: number;
  /** Longest wait between two reads that found nothing. */
  maxPollMs: number;
  maxAttempts: number;
};

export type Shard = {
  streamArn: string;
  shardId: string;
  /** Its parent is done: it is read from its beginning. Without that and a checkpoint, the position is lost. */
  isContinued: boolean;
};

export type ConsumerContext = {
  table: Table;
  streams: DynamoDBStreamsClient;
  source: EventSource;
  waiter: Waiter;
  logger: Logger;
  signal: AbortSignal;
  /** Told when the oldest record was written that was read and not handled; undefined: none is left. */
  onPending: (writtenAtMs: number | undefined) => void;
  /** Repairs what lost records may have left behind. No position is noted before it has succeeded. */
  onLost: () => Promise<void>;
};

/** A position older than this may be trimmed (24 h): to read on from it would hide a gap. */
const maxCheckpointAgeMs = 20 * 60 * 60_000;
/** A position among records of no interest is noted this often at most; one that does not move, this often. */
const idleCheckpointMs = 5_000;
const unmovedCheckpointMs = 60 * 60_000;
const minPollMs = 5;
/** Where records gather anyway, reading them a little later makes fewer requests. */
const minWindowPollMs = 250;
/** What comes meanwhile shares the next batch: in a busy time each request costs more than the records in it. */
const gatherMs = 30;
const fewRecords = 100;
const maxRetryMs = 10_000;
const maxRecordsPerRead = 1_000;

/** Resolves when the shard is closed and done, or when aborted. */
export async function consumeShard(context: ConsumerContext, shard: Shard): Promise<void> {
  const { table, streams, source, waiter, signal } = context;
  const place = { consumer: source.name, streamArn: shard.streamArn, shardId: shard.shardId };
  const checkpoint = await checkpoints.read(table, place);
  if (checkpoint?.isFinished) return;

  let readTo = checkpoint?.sequenceNumber;
  let savedTo = readTo;
  let savedAtMs = checkpoint?.updatedAtMs ?? 0;
  let repair: { isDone: boolean; error?: unknown } = { isDone: true };
  let iterator: string | undefined;
  let isClosed = false;
  let batch: DynamoDBRecord[] = [];
  let dueAtMs = Infinity;
  let position: Omit<checkpoints.Checkpoint, 'updatedAtMs'> | undefined;
  let noted: Promise<void> = Promise.resolve();
  let isNoting = false;
  let noteError: unknown;
  const shortestPollMs = source.windowMs > 0 ? minWindowPollMs : minPollMs;
  let pollMs = shortestPollMs;

  const isTooOld = checkpoint && table.clock.now() - checkpoint.updatedAtMs > maxCheckpointAgeMs;
  if (isTooOld || (!checkpoint && !shard.isContinued)) startFromOldest();

  try {
    await consume();
  } finally {
    await noted;
  }
  if (noteError) throw noteError;

  async function consume() {
    while (!signal.aborted) {
      if (noteError) throw noteError;
      const found = await read();
      context.onPending(batch[0] && writtenAt(batch[0]));
      if (batch.length >= source.batchSize || Date.now() >= dueAtMs || (isClosed && batch.length > 0)) {
        if (!(await handle(context, shard, batch))) return;
        batch = [];
        dueAtMs = Infinity;
        context.onPending(undefined);
        save();
      } else if (batch.length === 0 && isSaveDue()) save();
      if (repair.error) throw repair.error;
      if (isClosed && repair.isDone) return;
      if (found > 0) pollMs = shortestPollMs;
      if (found === 0 || (source.windowMs > 0 && found < maxRecordsPerRead)) await pause();
      else if (found < fewRecords) await sleep(gatherMs, undefined, { signal }).catch(() => {});
    }
  }

  function startFromOldest() {
    readTo = undefined;
    const started: typeof repair = { isDone: false };
    repair = started;
    context.onLost().then(
      () => {
        started.isDone = true;
      },
      (error) => {
        started.error = error;
      },
    );
  }

  /** Reads what comes next into the batch. Answers how many records there were, of interest or not. */
  async function read(): Promise<number> {
    try {
      iterator ??= await openIterator();
      const Limit = Math.min(maxRecordsPerRead, source.batchSize - batch.length);
      const { Records = [], NextShardIterator } = await streams.send(
        new GetRecordsCommand({ ShardIterator: iterator, Limit }),
      );
      iterator = NextShardIterator;
      isClosed = NextShardIterator === undefined;
      const ofInterest = Records.filter(source.filter).map((record) => lambdaRecord(record, shard.streamArn));
      if (batch.length === 0 && ofInterest.length > 0) dueAtMs = Date.now() + source.windowMs;
      batch.push(...ofInterest);
      readTo = Records.at(-1)?.dynamodb?.SequenceNumber ?? readTo;
      return Records.length;
    } catch (error) {
      iterator = undefined;
      if (error instanceof TrimmedDataAccessException) startFromOldest();
      else if (!(error instanceof ExpiredIteratorException)) throw error;
      return 0;
    }
  }

  async function openIterator() {
    const { ShardIterator } = await streams.send(
      new GetShardIteratorCommand({
        StreamArn: shard.streamArn,
        ShardId: shard.shardId,
        ShardIteratorType: readTo ? 'AFTER_SEQUENCE_NUMBER' : 'TRIM_HORIZON',
        SequenceNumber: readTo,
      }),
    );
    return ShardIterator;
  }

  function isSaveDue() {
    const ageMs = Date.now() - savedAtMs;
    return isClosed || ageMs >= (readTo === savedTo ? unmovedCheckpointMs : idleCheckpointMs);
  }

  /** Notes where the consumer stands: one write at a time, and of positions that gather meanwhile the last one. */
  function save() {
    if (!repair.isDone) return;
    position = { sequenceNumber: readTo, isFinished: isClosed };
    savedTo = readTo;
    savedAtMs = Date.now();
    if (isNoting) return;
    isNoting = true;
    noted = note().catch((error) => {
      noteError = error;
    });
  }

  async function note() {
    try {
      while (position) {
        const newest = position;
        position = undefined;
        await checkpoints.write(table, place, newest);
      }
    } finally {
      isNoting = false;
    }
  }

  async function pause() {
    const isWoken = await waiter.wait(Math.max(1, Math.min(pollMs, dueAtMs - Date.now())));
    pollMs = isWoken ? shortestPollMs : Math.min(source.maxPollMs, pollMs * 2);
  }
}

const writtenAt = ({ dynamodb }: DynamoDBRecord) => (dynamodb?.ApproximateCreationDateTime ?? 0) * 1_000;

/** Hands a batch over until all of it is done or a dead letter; false where it was aborted before. */
async function handle(context: ConsumerContext, shard: Shard, batch: DynamoDBRecord[]): Promise<boolean> {
  const { source, logger, signal } = context;
  let rest = batch;
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    const { failed, error } = await invoke(source, rest);
    const [first] = failed;
    if (!first) return true;
    logger.warn({ source: source.name, attempt, failed: failed.length, err: error }, 'stream batch failed');
    rest = rest.slice(rest.indexOf(first));
    // A fault of the table is no record's: it is waited for, and does not count.
    if (isTransientFault(error)) attempt = Math.min(attempt, source.maxAttempts - 1);
    if (attempt < source.maxAttempts) {
      const retryMs = Math.random() * Math.min(maxRetryMs, 100 * 2 ** attempt);
      await sleep(retryMs, undefined, { signal }).catch(() => {});
    } else if (error && rest.length > 1) {
      const half = Math.ceil(rest.length / 2);
      return (await handle(context, shard, rest.slice(0, half))) && handle(context, shard, rest.slice(half));
    } else {
      for (const record of failed) await bury(context, shard, record, error);
      return true;
    }
  }
  return false;
}

/** The records that failed, in order; all of them, with the error, where the handler threw. */
async function invoke({ handler }: EventSource, Records: DynamoDBRecord[]) {
  try {
    const { batchItemFailures } = await handler({ Records });
    const reported = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    return { failed: Records.filter(({ dynamodb }) => reported.has(dynamodb?.SequenceNumber ?? '')) };
  } catch (error) {
    return { failed: Records, error };
  }
}

async function bury(
  { table, source, logger }: ConsumerContext,
  shard: Shard,
  record: DynamoDBRecord,
  cause: unknown,
) {
  const error = cause instanceof Error ? (cause.stack ?? cause.message) : 'reported by the handler';
  await deadLetters.put(table, { consumer: source.name, shardId: shard.shardId, record, error });
  logger.error({ source: source.name, keys: record.dynamodb?.Keys }, 'stream record became a dead letter');
}
