/*
 * Which leases a runner acquires, from what it sees of all of them. Runners do not talk to each other: each counts who
 * holds leases, and all come to the same shares, one lease apart at most (as the Kinesis Client Library does).
 */

/** A lease of a shard that can be read. `owner` is undefined if nobody holds it, or its holder is gone. */
export type Seen = {
  key: string;
  owner: string | undefined;
  /** For how many times its duration nobody has renewed it. */
  idleTimes: number;
};

/** A free lease this old is acquired beyond an even share: a runner counts that does not acquire its own. */
const overdueTimes = 2;

/**
 * The leases to acquire now, in the order given: free ones up to an even share of all. If none is free, one of the runner
 * that holds most, if that holds at least two more than `me`: with a smaller difference, a move would only reverse it.
 */
export function chooseLeases(me: string, leases: Seen[]): string[] {
  const held = new Map<string, string[]>([[me, []]]);
  for (const { key, owner } of leases) if (owner) held.set(owner, [...(held.get(owner) ?? []), key]);
  const mine = held.get(me)?.length ?? 0;
  const share = Math.ceil(leases.length / held.size);
  const free = leases.filter(({ owner }) => owner === undefined);
  const taken = free.filter(({ idleTimes }, index) => mine + index < share || idleTimes >= overdueTimes);
  if (free.length > 0) return taken.map(({ key }) => key);
  const [richest = []] = [...held.values()].sort((one, other) => other.length - one.length);
  return richest.length - mine >= 2 ? richest.slice(0, 1) : [];
}

/** As a runner sees a lease that another one may hold. A lease that is not renewed for its duration has no owner. */
export function seenLease(key: string, lease: SeenLease | undefined, unmovedMs: number): Seen {
  if (!lease) return { key, owner: undefined, idleTimes: 0 };
  const idleTimes = unmovedMs / Math.max(1, lease.leaseMs);
  return { key, owner: idleTimes < 1 ? lease.owner : undefined, idleTimes };
}
type SeenLease = { owner?: string | undefined; leaseMs: number };

/** When to compare the leases again: as soon as the first of another runner's is stale, or after a third of ours. */
export function nextShareMs(
  leaseMs: number,
  hasAcquired: boolean,
  others: { leaseMs: number; unmovedMs: number }[],
): number {
  const waitMs = hasAcquired ? leaseMs / 12 : leaseMs / 3;
  const left = others.map((other) => other.leaseMs - other.unmovedMs).filter((leftMs) => leftMs > 0);
  return Math.min(waitMs, ...left.map((leftMs) => leftMs + 10));
}

/** Measures how long a lease has not been renewed while it was observed, in ms of this process's monotonic clock. */
export function createObserver(nowMs = () => performance.now()) {
  const known = new Map<string, { token: number; counter: number; sinceMs: number }>();
  return {
    unmovedMs(key: string, { token, counter }: { token: number; counter: number }): number {
      const last = known.get(key);
      if (last?.token === token && last.counter === counter) return nowMs() - last.sinceMs;
      known.set(key, { token, counter, sinceMs: nowMs() });
      return 0;
    },
  };
}
