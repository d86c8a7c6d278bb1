/*
 * Decides which leases a runner acquires. Runners do not talk to each other: each reads all leases, and all compute the
 * same even shares, which differ by one lease at most (as the Kinesis Client Library does).
 */

/**
 * The lease of a shard that can be read. `owner` is undefined if nobody holds it, or if its holder stopped renewing it.
 */
export type Candidate = {
  key: string;
  owner: string | undefined;
  /** The time since it was last renewed, as a multiple of its duration. */
  idleTimes: number;
};

/** A free lease this old is acquired beyond an even share, because the runner whose share it is does not acquire it. */
const overdueTimes = 2;

/**
 * The keys of the leases to acquire now, in the given order: free ones up to an even share of all. If none is free, it
 * chooses one lease of the runner that holds most, if that runner holds at least two more than `me`. With a smaller
 * difference, the move would only reverse it.
 */
export function chooseLeases(me: string, leases: Candidate[]): string[] {
  const held = new Map<string, string[]>([[me, []]]);
  for (const { key, owner } of leases) if (owner) held.set(owner, [...(held.get(owner) ?? []), key]);
  const mine = held.get(me)?.length ?? 0;
  const share = Math.ceil(leases.length / held.size);
  const free = leases.filter(({ owner }) => owner === undefined);
  const chosen = free.filter(({ idleTimes }, index) => mine + index < share || idleTimes >= overdueTimes);
  if (free.length > 0) return chosen.map(({ key }) => key);
  const [largest = []] = [...held.values()].sort((one, other) => other.length - one.length);
  return largest.length - mine >= 2 ? largest.slice(0, 1) : [];
}

/** A lease that another runner may hold, as a candidate. If it was not renewed for its duration, it has no owner. */
export function candidateOf(key: string, lease: ListedLease | undefined, unmovedMs: number): Candidate {
  if (!lease) return { key, owner: undefined, idleTimes: 0 };
  const idleTimes = unmovedMs / Math.max(1, lease.leaseMs);
  return { key, owner: idleTimes < 1 ? lease.owner : undefined, idleTimes };
}
type ListedLease = { owner?: string | undefined; leaseMs: number };

/** The time until the next comparison: until another runner's lease becomes stale, at most a third of our duration. */
export function nextShareMs(
  leaseMs: number,
  hasAcquired: boolean,
  others: { leaseMs: number; unmovedMs: number }[],
): number {
  const waitMs = hasAcquired ? leaseMs / 12 : leaseMs / 3;
  const left = others.map((other) => other.leaseMs - other.unmovedMs).filter((leftMs) => leftMs > 0);
  return Math.min(waitMs, ...left.map((leftMs) => leftMs + 10));
}

/** Measures for how long a lease was not renewed since this process first saw it so, in ms of the monotonic clock. */
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
