import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DynamoDBStreamsClient,
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  TrimmedDataAccessException,
} from '@aws-sdk/client-dynamodb-streams';
import type { Table } from '@parley/core/table/client';
import type { StreamRecord } from '@parley/core/table/stream';
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { Logger } from 'pino';
import type { InvocationContext } from './deadline.ts';
import { deliver, writtenAtMs } from './deliver.ts';
import type { HeldLease } from './held-lease.ts';
import type { Pending } from './lag.ts';
import { lambdaRecord } from './records.ts';
import type { Waiter } from './waiter.ts';

/*
 * Reads one shard to its end under a lease, as a Lambda event source mapping does.
 *
 * 1. Records that pass the filter gather into a batch until it is full or its window has passed.
 * 2. The batch is delivered (deliver.ts): every record of it is then done, or a dead letter.
 * 3. Only then the checkpoint moves, beside the reading of the next batch and under the lease's token. A crash in
 *    between, or a lease that somebody else took, repeats what was not noted yet, which the handler must survive.
 *
 * Faults of the table or the stream itself end the consumer: its caller starts another from the checkpoint.
 */

export type EventSource = {
  /** Names the checkpoints. */
  name: string;
  filter: (record: StreamRecord) => boolean;
  handler: (event: DynamoDBStreamEvent, context: InvocationContext) => Promise<DynamoDBBatchResponse>;
  batchSize: number;
  /** How long a batch may gather, from its first record. */
  windowMs: number;
  /** Longest wait between two reads that found nothing. */
  maxPollMs: number;
  /** How often a record that fails alone is tried. */
  maxAttempts: number;
  /** A record older than this is not delivered, but a dead letter. Infinity: however old it is. */
  maxRecordAgeMs: number;
  /** A handler that takes longer has failed. */
  timeoutMs: number;
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
  lease: HeldLease;
  waiter: Waiter;
  logger: Logger;
  signal: AbortSignal;
  /** Told after each read what waits to be handled; undefined: nothing. */
  onPending: (waiting: Pending | undefined) => void;
  onDeadLetter: () => void;
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
const maxRecordsPerRead = 1_000;
/** Lambda's limit of an event. */
const maxBatchBytes = 6_000_000;

/** Resolves to true when the shard is closed and done, to false when aborted or the lease is lost. */
export async function consumeShard(context: ConsumerContext, shard: Shard): Promise<boolean> {
  const { table, streams, source, lease, waiter, signal } = context;
  const checkpoint = lease.checkpoint();
  if (checkpoint?.isFinished) return true;

  let readTo = checkpoint?.sequenceNumber;
  let savedTo = readTo;
  let savedAtMs = checkpoint ? performance.now() - (table.clock.now() - checkpoint.updatedAtMs) : -Infinity;
  let repair: { isDone: boolean; error?: unknown } = { isDone: true };
  let iterator: string | undefined;
  let isClosed = false;
  let batch: DynamoDBRecord[] = [];
  let batchBytes = 0;
  let dueAtMs = Infinity;
  const shortestPollMs = source.windowMs > 0 ? minWindowPollMs : minPollMs;
  let pollMs = shortestPollMs;

  const isTooOld = checkpoint && table.clock.now() - checkpoint.updatedAtMs > maxCheckpointAgeMs;
  if (isTooOld || (!checkpoint && !shard.isContinued)) startFromOldest();

  while (!signal.aborted) {
    const found = await read();
    context.onPending(waiting());
    if (isBatchDue()) {
      if (!(await deliver(context, shard, batch))) return false;
      batch = [];
      batchBytes = 0;
      dueAtMs = Infinity;
      context.onPending(undefined);
      save();
    } else if (batch.length === 0 && isSaveDue()) save();
    if (repair.error) throw repair.error;
    if (isClosed && repair.isDone) return true;
    if (found > 0) pollMs = shortestPollMs;
    if (found === 0 || (source.windowMs > 0 && found < maxRecordsPerRead)) await pause();
    else if (found < fewRecords) await sleep(gatherMs, undefined, { signal }).catch(() => {});
  }
  return false;

  function waiting(): Pending | undefined {
    const [oldest] = batch;
    if (!oldest || !readTo) return undefined;
    return { source, shard, records: batch.length, oldestWrittenAtMs: writtenAtMs(oldest), readTo };
  }

  function isBatchDue() {
    if (batch.length === 0) return false;
    const isFull = batch.length >= source.batchSize || batchBytes >= maxBatchBytes;
    return isFull || isClosed || performance.now() >= dueAtMs;
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
      if (batch.length === 0 && ofInterest.length > 0) dueAtMs = performance.now() + source.windowMs;
      for (const record of ofInterest) batchBytes += record.dynamodb?.SizeBytes ?? 0;
      batch.push(...ofInterest);
      readTo = Records.at(-1)?.dynamodb?.SequenceNumber ?? readTo;
      return Records.length;
    } catch (error) {
      iterator = undefined;
      isClosed = false;
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
    const ageMs = performance.now() - savedAtMs;
    return isClosed || ageMs >= (readTo === savedTo ? unmovedCheckpointMs : idleCheckpointMs);
  }

  function save() {
    if (!repair.isDone) return;
    lease.save({ sequenceNumber: readTo, isFinished: isClosed });
    savedTo = readTo;
    savedAtMs = performance.now();
  }

  async function pause() {
    const isWoken = await waiter.wait(Math.max(1, Math.min(pollMs, dueAtMs - performance.now())));
    pollMs = isWoken ? shortestPollMs : Math.min(source.maxPollMs, pollMs * 2);
  }
}
