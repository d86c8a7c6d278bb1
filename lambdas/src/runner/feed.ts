import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBRecord } from 'aws-lambda';
import { createTrials } from './attempts.ts';
import { deliver, writtenAtMs } from './deliver.ts';
import type { EventSource } from './event-sources.ts';
import type { Pending } from './lag.ts';
import type { Progress } from './leases.ts';
import type { ConsumerContext } from './shard-consumer.ts';
import { isAfter, numberOf } from './shard-reader.ts';
import type { Shard } from './shards.ts';

/** Lambda's limit of an event. */
const maxBatchBytes = 6_000_000;

export type Feed = ReturnType<typeof createFeed>;

export type FeedContext = Pick<
  ConsumerContext,
  'table' | 'lease' | 'logger' | 'signal' | 'onDeadLetter' | 'isTakenOver'
> & {
  /** Writes into the lease how far the sources are. */
  note: () => Promise<boolean>;
  /** Told of an error that nobody foresaw: the batch that met it is not done. */
  onFailure: (error: unknown) => void;
  /** Told when more is done than before. */
  onProgress: () => void;
};

/**
 * One source's way through a shard: what it was given gathers to a batch until that is full or its window has passed,
 * while the batch before is delivered. It holds these two at most, of `batchSize` records or 6 MB (and one read) each.
 */
export function createFeed(context: FeedContext, shard: Shard, source: EventSource, start: Progress) {
  const { doneTo: from } = start;
  const trials = createTrials(start.trials);
  let { isTakenOver } = context;
  let doneTo = from;
  let readTo = from;
  let batch: DynamoDBRecord[] = [];
  let bytes = 0;
  let isDue = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let underWay: { records: DynamoDBRecord[]; ended: Promise<void> } | undefined;

  const room = () => (bytes < maxBatchBytes ? source.batchSize - batch.length : 0);

  function gather(records: DynamoDBRecord[]) {
    const isFirst = batch.length === 0;
    batch.push(...records);
    for (const { dynamodb } of records) bytes += dynamodb?.SizeBytes ?? 0;
    if (room() === 0 || source.windowMs === 0 || isClosed) isDue = true;
    else if (isFirst) timer = setTimeout(endWindow, source.windowMs);
    startIfDue();
  }

  function endWindow() {
    isDue = true;
    startIfDue();
  }

  function startIfDue() {
    if (!isDue || underWay || batch.length === 0 || context.signal.aborted) return;
    clearTimeout(timer);
    const records = batch;
    underWay = { records, ended: run(records, readTo).catch(context.onFailure) };
    batch = [];
    bytes = 0;
    isDue = false;
  }

  async function run(records: DynamoDBRecord[], to: string | undefined) {
    const onProgress = (number: string) => {
      if (isAfter(number, doneTo)) advance(number);
    };
    const isDone = await deliver(
      { ...context, source, trials, isCautious: isTakenOver, onProgress },
      shard,
      records,
    );
    underWay = undefined;
    if (!isDone) return;
    isTakenOver = false;
    // What was read since, and is none of this source's, is done with it.
    advance(batch.length > 0 ? to : readTo);
    startIfDue();
  }

  function advance(to: string | undefined) {
    doneTo = to;
    trials.forgetUpTo(to);
    context.onProgress();
  }

  return {
    source,
    readTo: () => readTo,
    progress: (): Progress => ({ doneTo, trials: trials.list() }),
    /** Records that it can take now. */
    room,
    isIdle: () => !underWay && batch.length === 0,
    /** Resolves when the batch under way is done, after `ms` at most. */
    async delivered(ms: number) {
      if (!underWay) return;
      const waiting = new AbortController();
      const late = sleep(ms, undefined, { signal: waiting.signal }).catch(() => {});
      await Promise.race([underWay.ended, late]);
      waiting.abort();
    },
    /** Takes what was read, of interest or not, up to a record. False: there is no room, and nothing was taken. */
    take(records: DynamoDBRecord[], to: string | undefined): boolean {
      const [first] = records;
      if (!first) return true;
      const fresh = isAfter(numberOf(first), readTo)
        ? records
        : records.filter((record) => isAfter(numberOf(record), readTo));
      const ofInterest = fresh.filter(source.filter);
      if (ofInterest.length > room()) {
        endWindow();
        if (ofInterest.length > room()) return false;
      }
      if (fresh.length > 0) readTo = to;
      if (ofInterest.length > 0) gather(ofInterest);
      else if (!underWay && batch.length === 0) doneTo = readTo;
      return true;
    },
    /** Nothing more will come: the window is over. */
    close() {
      isClosed = true;
      endWindow();
    },
    /** The records before the oldest one are gone, and with them the position. */
    restart() {
      readTo = undefined;
      if (!underWay && batch.length === 0) doneTo = undefined;
    },
    pending(): Pending | undefined {
      const oldest = underWay?.records[0] ?? batch[0];
      if (!oldest || !readTo) return undefined;
      const records = (underWay?.records.length ?? 0) + batch.length;
      return { source, shard, records, oldestWrittenAtMs: writtenAtMs(oldest), readTo };
    },
    /** Resolves when the batch under way is done or given back. What gathers is left to whoever reads on. */
    async stop() {
      clearTimeout(timer);
      await underWay?.ended;
    },
  };
}
