import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { Feed } from './feed.ts';
import type { Persist } from './persist.ts';
import { isAfter } from './sequence-numbers.ts';
import { createReader, maxRecordsPerRead } from './shard-reader.ts';
import type { Shard } from './shards.ts';

const catchUpMs = 250;

export type ReadersOptions = {
  streams: DynamoDBStreamsClient;
  shard: Shard;
  /** The feeds of all sources. The first one sets the pace. */
  feeds: [Feed, ...Feed[]];
  signal: AbortSignal;
  persist: Persist;
  /** Called when records were trimmed before they were read. */
  onTrimmed: () => void;
  onFailure: (error: unknown) => void;
};

/**
 * Reads a shard once for all feeds that keep up. A feed that has no room, or that starts behind the first one, reads by
 * itself until it has caught up.
 */
export function createReaders({
  streams,
  shard,
  feeds,
  signal,
  persist,
  onTrimmed,
  onFailure,
}: ReadersOptions) {
  const attached = new Set<Feed>();
  const catchingUp = new Map<Feed, Promise<void>>();
  const main = createReader(streams, shard, {
    from: feeds[0].readTo(),
    onTrimmed() {
      for (const feed of attached) feed.restart();
      onTrimmed();
    },
  });

  function detach(feed: Feed) {
    attached.delete(feed);
    const done = catchUp(feed)
      .catch(onFailure)
      .finally(() => catchingUp.delete(feed));
    catchingUp.set(feed, done);
  }

  async function catchUp(feed: Feed) {
    const own = createReader(streams, shard, {
      from: feed.readTo(),
      onTrimmed() {
        feed.restart();
        onTrimmed();
      },
    });
    while (!signal.aborted) {
      const limit = Math.min(maxRecordsPerRead, feed.room());
      const records = limit > 0 ? await persist(() => own.read(limit)) : [];
      feed.add(records ?? [], own.readTo());
      if (own.isClosed() || !isAfter(main.readTo(), feed.readTo())) {
        attached.add(feed);
        if (own.isClosed() || main.isClosed()) feed.close();
        return;
      }
      if (!records?.length) await sleep(catchUpMs, undefined, { signal }).catch(() => {});
    }
  }

  for (const feed of feeds) {
    if (isAfter(main.readTo(), feed.readTo())) detach(feed);
    else attached.add(feed);
  }

  return {
    /** Whether the shard is read to its end, except by feeds that are catching up. */
    isClosed: main.isClosed,
    isCaughtUp: () => catchingUp.size === 0,
    /** Reads once for all feeds that keep up. Resolves to the number of records. */
    async read(limit: number): Promise<number> {
      const records = await persist(() => main.read(limit));
      if (!records) return 0;
      for (const feed of attached) if (!feed.add(records, main.readTo())) detach(feed);
      if (main.isClosed()) for (const feed of attached) feed.close();
      return records.length;
    },
    /** Resolves when no feed is catching up. */
    ended: () => Promise.all(catchingUp.values()),
  };
}
