/*
 * Which leases a runner takes, from what it sees of all of them. No runner is told of another: each counts who holds
 * some, and all come to the same shares, one lease apart at most (as the Kinesis Client Library does).
 */

/** A lease of a shard that is to be read. `owner` is undefined where nobody holds it, or its holder is gone. */
export type Seen = {
  key: string;
  owner: string | undefined;
  /** For how many times its duration nobody has moved it. */
  idleTimes: number;
};

/** A share that is left lying this long is taken by whoever sees it: another runner counts, and does not take. */
const overdueTimes = 2;

/**
 * The leases to take now, in the order given: free ones up to an even share of all; without any, one of whoever holds
 * at least two more than `me`. A move of fewer would only turn the difference round.
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

/** Tells how long a lease has not moved while it was looked at, in ms of this process's monotonic clock. */
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
