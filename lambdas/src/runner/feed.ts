import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBRecord } from 'aws-lambda';
import { createAttempts } from './attempts.ts';
import { type DeliveryContext, deliver } from './deliver.ts';
import type { EventSource } from './event-sources.ts';
import { createGathering } from './gather.ts';
import type { Progress } from './leases.ts';
import { isAfter, recordsAfter, writtenAtMs } from './sequence-numbers.ts';
import type { Shard } from './shards.ts';

/** The records that were read for a source and are not handled yet. */
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
  /** Called with an unexpected error. Its batch is not done. */
  onFailure: (error: unknown) => void;
  /** Called when the source's position has moved. */
  onProgress: () => void;
};

/**
 * Delivers a shard's records to one source. While one batch is delivered, the next one is collected. A feed holds at
 * most these two, each of up to `batchSize` records or 6 MB (plus one read).
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
    // If no records wait, the records read since then were not wanted, and the source is done with them too.
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
    /** Waits for the running delivery, for at most `ms`. */
    async delivered(ms: number) {
      if (underWay) await endedWithin(underWay.ended, ms);
    },
    /** Adds the records that were read up to `to`. Returns false, and adds none, if there is no room. */
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
    /** Starts at the oldest record again, because records were trimmed before they were read. */
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
    /** Resolves when the running delivery has ended. The shard's next reader reads the undone records again. */
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
