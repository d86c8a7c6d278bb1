import type { Table } from '@parley/core/table/client';
import { type Candidate, candidateOf, chooseLeases, createObserver, nextShareMs } from './balance.ts';
import { type Discovery, discoveryMs } from './discovery.ts';
import type { HeldShards } from './held-shards.ts';
import type { Lease } from './leases.ts';
import * as leases from './leases.ts';
import type { Shard } from './shards.ts';

export type ShareOptions = {
  table: Table;
  /** The name of the first source, under which the leases are stored. */
  source: string;
  owner: string;
  leaseMs: number;
  discovery: Discovery;
  held: HeldShards;
  isStopping: () => boolean;
};

/** Returns a function that acquires this runner's share of the leases. */
export function createShare({ table, source, owner, leaseMs, discovery, held, isStopping }: ShareOptions) {
  const observer = createObserver();

  const withDuration = (lease: Lease) => ({ ...lease, leaseMs: lease.leaseMs || leaseMs });

  function candidate({ shardId }: Shard, lease: Lease | undefined): Candidate {
    if (held.has(shardId)) return { key: shardId, owner, idleTimes: 0 };
    return candidateOf(shardId, lease && withDuration(lease), lease ? observer.unmovedMs(shardId, lease) : 0);
  }

  /** The leases that other runners hold, or held when they died. */
  function others(listed: Lease[]) {
    return listed
      .filter(({ shardId, owner }) => owner && !held.has(shardId) && !discovery.isFinished(shardId))
      .map((lease) => ({ ...withDuration(lease), unmovedMs: observer.unmovedMs(lease.shardId, lease) }));
  }

  /** Resolves to the time until the next call, in ms. */
  return async function share(): Promise<number> {
    const stream = await discovery.refresh();
    held.dropGone(stream);
    if (discovery.open().every(({ shardId }) => held.has(shardId))) return discoveryMs;
    const listed = await leases.list(table, source, stream.streamArn);
    discovery.learn(listed);
    const known = new Map(listed.map((lease) => [lease.shardId, lease]));
    const open = discovery.open();
    const candidates = shuffled(open.map((shard) => candidate(shard, known.get(shard.shardId))));
    const chosen = new Set(chooseLeases(owner, candidates));
    for (const shard of open)
      if (chosen.has(shard.shardId) && !isStopping()) await held.acquire(shard, known.get(shard.shardId));
    return nextShareMs(leaseMs, chosen.size > 0, others(listed));
  };
}

/** In random order, so that runners that compare at the same time do not all try the same lease. */
function shuffled<T>(items: T[]): T[] {
  const order = items.map((item) => ({ item, rank: Math.random() }));
  return order.sort((one, other) => one.rank - other.rank).map(({ item }) => item);
}
