import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import { isUnreachable } from '../database/database.ts';
import { AppError } from '../errors.ts';

/** While Postgres is unreachable, rows up to this age are served from memory. */
const staleMs = 10 * 60_000;
/** The pause after a failure: while a server hangs, only one request in this time waits for it. */
const retryAfterMs = 1_000;
const maxCached = 50_000;

export type LookupOptions<Row> = {
  /** Reads rows by key in one statement. A key without a row is missing from the map. */
  read: (keys: readonly string[]) => Promise<Map<string, Row>>;
  /** Called when Postgres is unreachable and rows are served from memory. */
  onError?: ((error: Error) => void) | undefined;
};

/**
 * Reads rows by key and combines many callers into one statement.
 * 1. A batch collects keys until the previous statement is answered. So batches grow under load, and every caller gets
 *    a row that was read after its call.
 * 2. While Postgres is unreachable, a row that was read in the last ten minutes is served from memory. Without such a
 *    row the load fails with `busy`.
 */
export function createLookup<Row extends object>({ read, onError }: LookupOptions<Row>) {
  const cache = new LRUCache<string, { row: Row; readAtMs: number }>({ max: maxCached });
  /** Keys whose row changed while a statement was reading it: its result is not cached. */
  const forgotten = new Set<string>();
  let inFlight: Promise<unknown> = Promise.resolve();
  let retryAtMs = 0;

  const cached = (key: string, maxAgeMs: number) => {
    const entry = cache.get(key);
    return entry && performance.now() - entry.readAtMs < maxAgeMs ? entry.row : undefined;
  };

  const readAndCache = async (keys: readonly string[]) => {
    const readAtMs = performance.now();
    forgotten.clear();
    const rows = await read([...new Set(keys)]);
    for (const key of keys) {
      const row = rows.get(key);
      if (!row) cache.delete(key);
      else if (!forgotten.has(key)) cache.set(key, { row, readAtMs });
    }
    return keys.map((key) => rows.get(key) ?? null);
  };

  const readOrFallBack = async (keys: readonly string[]) => {
    const fallBack = (cause?: unknown) =>
      keys.map((key) => cached(key, staleMs) ?? new AppError('busy', { cause }));
    if (performance.now() < retryAtMs) return fallBack();
    try {
      return await readAndCache(keys);
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      retryAtMs = performance.now() + retryAfterMs;
      onError?.(error);
      return fallBack(error);
    }
  };

  const loader = new DataLoader<string, Row | null>(
    (keys) => {
      const rows = readOrFallBack(keys);
      inFlight = rows.catch(() => {}); // The callers of this batch get the error.
      return rows;
    },
    { cache: false, batchScheduleFn: (dispatch) => inFlight.then(() => setImmediate(dispatch)) },
  );

  return {
    /** The row as Postgres has it now, or null if there is none. */
    load: (key: string) => loader.load(key),
    /** The row as this node read it at most `maxAgeMs` ago, or else as Postgres has it now. Null if there is none. */
    loadCached: async (key: string, maxAgeMs: number): Promise<Row | null> =>
      cached(key, maxAgeMs) ?? loader.load(key),
    /** The row as this node last read it, however long ago. */
    lastRead: (key: string): Row | undefined => cached(key, Number.POSITIVE_INFINITY),
    /** Call this after the row has changed: the next `loadCached` reads it from Postgres. */
    forget(key: string) {
      cache.delete(key);
      forgotten.add(key);
    },
  };
}
