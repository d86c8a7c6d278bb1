import { randomUUID } from 'node:crypto';
import { closeTable, createTable, type Table } from '@parley/core/table/client';
import { type Fate, startFaultProxy } from '@parley/engines/testing/fault-proxy';
import { testEndpoint } from '@parley/engines/testing/test-table';
import { pino } from 'pino';
import { type HeldLease, holdLease } from '../runner/held-lease.ts';
import type { Lease, LeaseKey } from '../runner/leases.ts';
import * as leases from '../runner/leases.ts';

const source = 'summaries';
const streamArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2026-01-01T00:00:00.000';

/** Shards without a lease, and what a suite does with the leases of its table. */
export function createTestLeases(table: () => Table) {
  const all: HeldLease[] = [];
  let shards = 0;

  async function taken(place: LeaseKey, seen?: Lease, owner = 'me', leaseMs = 60_000): Promise<Lease> {
    const lease = await leases.acquire(table(), place, seen, { owner, leaseMs });
    if (!lease) throw new Error('not taken');
    return lease;
  }

  return {
    taken,
    newPlace(): LeaseKey {
      shards += 1;
      return { source, streamArn, shardId: `shardId-${shards}` };
    },
    async stored(place: LeaseKey): Promise<Lease> {
      const found = await leases.list(table(), place.source, streamArn);
      const lease = found.find(({ shardId }) => shardId === place.shardId);
      if (!lease) throw new Error('no lease');
      return lease;
    },
    /** The table behind a proxy that decides the fate of each request. */
    async throughProxy(decide: (operation: string) => Fate) {
      const proxy = await startFaultProxy(testEndpoint(), decide);
      const { name, runnerName } = table();
      const behind = createTable({ region: 'us-east-1', endpoint: proxy.endpoint, name, runnerName });
      const close = async () => {
        closeTable(behind);
        await proxy.close();
      };
      return { behind, close };
    },
    /** Holds the lease of a shard for a source of its own. */
    async held(shard: Pick<LeaseKey, 'streamArn' | 'shardId'>) {
      const name = `source-${randomUUID()}`;
      const lease = await taken({ source: name, streamArn: shard.streamArn, shardId: shard.shardId });
      const stopping = new AbortController();
      const mine = holdLease(table(), lease, {
        acquiredAtMs: performance.now(),
        logger: pino({ level: 'silent' }),
        onLost: () => stopping.abort(),
      });
      all.push(mine);
      return { name, lease, mine, stopping };
    },
    async releaseAll() {
      for (const lease of all.splice(0)) await lease.release();
    },
  };
}
