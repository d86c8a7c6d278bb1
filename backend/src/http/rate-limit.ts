import { TokenBucket } from 'limiter';
import { LRUCache } from 'lru-cache';

export type RateLimit = ReturnType<typeof createRateLimit>;

/**
 * Limits the requests of a person, over HTTP and sockets together, with a bucket that refills continuously. 0: no
 * limit.
 */
export function createRateLimit(perMinute: number) {
  const buckets = new LRUCache<string, TokenBucket>({ max: 50_000 });

  function newBucket() {
    const bucket = new TokenBucket({
      bucketSize: perMinute,
      tokensPerInterval: perMinute,
      interval: 'minute',
    });
    bucket.content = perMinute;
    return bucket;
  }

  return {
    /** Spends one request of this person. Returns 0, or the seconds to wait if none is left. */
    spend(userUuid: string): number {
      if (perMinute === 0) return 0;
      const bucket = buckets.get(userUuid) ?? newBucket();
      buckets.set(userUuid, bucket);
      return bucket.tryRemoveTokens(1) ? 0 : Math.ceil(bucket.getWaitTime(1) / 1_000);
    },
  };
}
