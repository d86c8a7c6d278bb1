import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBRecord } from 'aws-lambda';
import { createAttempts } from './attempts.ts';
import { type DeliveryContext, deliver } from './deliver.ts';
import type { EventSource } from './event-sources.ts';
import { createGathering } from './gather.ts';
import type { Progress } from './leases.ts';
import { isAfter, recordsAfter, writtenAtMs } from './sequence-numbers.ts';
import type { Shard } from './shards.ts';

/** What was read for a source and is not handled yet. */
export type Pending = {
  source: EventSource;
  shard: Shard;
  records: number;
  oldestWrittenAtMs: number;
  /** The number of the last record that was read. */
  readTo: string;
};

export type Feed = ReturnType<typeof createFeed>;

export type FeedContext = Pick<
  DeliveryContext,
  'table' | 'lease' | 'logger' | 'signal' | 'onDeadLetter' | 'writeProgress'
> & {
  isTakenOver: boolean;
  /** Gets an unexpected error: the batch that met it is not done. */
  onFailure: (error: unknown) => void;
  /** More is done than before. */
  onProgress: () => void;
};

/**
 * One source's way through a shard. A batch gathers while the batch before it is delivered. A feed holds these two at
 * most, each of `batchSize` records or 6 MB (and one read).
 */
export function createFeed(context: FeedContext, shard: Shard, source: EventSource, start: Progress) {
  const attempts = createAttempts(start.trials);
  const gathering = createGathering(source, startIfDue);
  let { isTakenOver } = context;
  let { doneTo } = start;
  let readTo = doneTo;
  let underWay: { records: DynamoDBRecord[]; ended: Promise<void> } | undefined;

  const isIdle = () => !underWay && gathering.size() === 0;

  function startIfDue() {
    if (underWay || context.signal.aborted) return;
    const records = gathering.release();
    if (records) underWay = { records, ended: run(records, readTo).catch(context.onFailure) };
  }

  async function run(records: DynamoDBRecord[], to: string | undefined) {
    const onProgress = (number: string) => {
      if (isAfter(number, doneTo)) advance(number);
    };
    const delivery = { ...context, source, attempts, isCautious: isTakenOver, onProgress };
    const isDone = await deliver(delivery, shard, records);
    underWay = undefined;
    if (!isDone) return;
    isTakenOver = false;
    // The source is also done with the records read since that it does not want.
    advance(gathering.size() > 0 ? to : readTo);
    startIfDue();
  }

  function advance(to: string | undefined) {
    doneTo = to;
    attempts.forgetUpTo(to);
    context.onProgress();
  }

  return {
    source,
    readTo: () => readTo,
    progress: (): Progress => ({ doneTo, trials: attempts.list() }),
    room: gathering.room,
    isIdle,
    /** Resolves when the batch under way is done, after `ms` at most. */
    async delivered(ms: number) {
      if (underWay) await endedWithin(underWay.ended, ms);
    },
    /** Adds the records read up to a number, wanted or not. False: there is no room, and none was added. */
    add(records: DynamoDBRecord[], to: string | undefined): boolean {
      if (records.length === 0) return true;
      const fresh = recordsAfter(records, readTo);
      const wanted = fresh.filter(source.filter);
      if (wanted.length > gathering.room()) {
        gathering.endWindow();
        if (wanted.length > gathering.room()) return false;
      }
      if (fresh.length > 0) readTo = to;
      if (wanted.length > 0) gathering.add(wanted);
      else if (isIdle()) doneTo = readTo;
      return true;
    },
    close: gathering.close,
    /** The records before the oldest one are gone, and the position with them. */
    restart() {
      readTo = undefined;
      if (isIdle()) doneTo = undefined;
    },
    pending(): Pending | undefined {
      const oldest = underWay?.records[0] ?? gathering.oldest();
      if (!oldest || !readTo) return undefined;
      const records = (underWay?.records.length ?? 0) + gathering.size();
      return { source, shard, records, oldestWrittenAtMs: writtenAtMs(oldest), readTo };
    },
    /** Resolves when the batch under way is done or given back. The next reader of the shard gathers the rest again. */
    async stop() {
      gathering.stop();
      await underWay?.ended;
    },
  };
}

async function endedWithin(task: Promise<void>, ms: number) {
  const waiting = new AbortController();
  const late = sleep(ms, undefined, { signal: waiting.signal }).catch(() => {});
  await Promise.race([task, late]);
  waiting.abort();
}
