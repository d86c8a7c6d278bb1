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

/** Keys of leases that do not exist yet, and helpers for the leases of a suite's table. */
export function createTestLeases(table: () => Table) {
  const all: HeldLease[] = [];
  let shards = 0;

  async function acquired(key: LeaseKey, seen?: Lease, owner = 'me', leaseMs = 60_000): Promise<Lease> {
    const lease = await leases.acquire(table(), key, seen, { owner, leaseMs });
    if (!lease) throw new Error('the lease was not acquired');
    return lease;
  }

  return {
    acquired,
    newLeaseKey(): LeaseKey {
      shards += 1;
      return { source, streamArn, shardId: `shardId-${shards}` };
    },
    async stored(key: LeaseKey): Promise<Lease> {
      const found = await leases.list(table(), key.source, streamArn);
      const lease = found.find(({ shardId }) => shardId === key.shardId);
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
    /** Holds the lease of a shard for a new source. */
    async held(shard: Pick<LeaseKey, 'streamArn' | 'shardId'>) {
      const name = `source-${randomUUID()}`;
      const lease = await acquired({ source: name, streamArn: shard.streamArn, shardId: shard.shardId });
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
