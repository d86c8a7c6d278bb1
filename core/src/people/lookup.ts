import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import { isUnreachable } from '../database/database.ts';
import { AppError } from '../errors.ts';

/** How long an earlier answer may stand in while Postgres is away. */
const staleMs = 10 * 60_000;
/** After a failure nobody asks for this long: a server that hangs costs one wait, not one per request. */
const holdOffMs = 1_000;
const maxKnown = 50_000;

export type LookupOptions<Row> = {
  /** Reads rows by key in one statement; a key without a row is missing in the answer. */
  read: (keys: readonly string[]) => Promise<Map<string, Row>>;
  /** Told when Postgres is away and what is known is served instead. */
  onError?: ((error: Error) => void) | undefined;
};

/**
 * Reads rows by key, many callers in one statement.
 * 1. A batch collects keys until the statement before it is answered, so batches grow under load, and every caller
 *    gets what Postgres held after it asked.
 * 2. Where Postgres is away, the last answer of at most ten minutes stands in; without one the load fails as `busy`.
 */
export function createLookup<Row extends object>({ read, onError }: LookupOptions<Row>) {
  const answers = new LRUCache<string, { row: Row; readAtMs: number }>({ max: maxKnown });
  const forgotten = new Set<string>();
  let inFlight: Promise<unknown> = Promise.resolve();
  let askAgainAtMs = 0;

  const lastAnswer = (key: string, maxAgeMs: number) => {
    const answer = answers.get(key);
    return answer && performance.now() - answer.readAtMs < maxAgeMs ? answer.row : undefined;
  };

  const readAndRemember = async (keys: readonly string[]) => {
    const readAtMs = performance.now();
    forgotten.clear();
    const rows = await read([...new Set(keys)]);
    for (const key of keys) {
      const row = rows.get(key);
      if (!row) answers.delete(key);
      else if (!forgotten.has(key)) answers.set(key, { row, readAtMs });
    }
    return keys.map((key) => rows.get(key) ?? null);
  };

  const readOrStandIn = async (keys: readonly string[]) => {
    const standIns = (cause?: unknown) =>
      keys.map((key) => lastAnswer(key, staleMs) ?? new AppError('busy', { cause }));
    if (performance.now() < askAgainAtMs) return standIns();
    try {
      return await readAndRemember(keys);
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      askAgainAtMs = performance.now() + holdOffMs;
      onError?.(error);
      return standIns(error);
    }
  };

  const loader = new DataLoader<string, Row | null>(
    (keys) => {
      const rows = readOrStandIn(keys);
      inFlight = rows.catch(() => {});
      return rows;
    },
    { cache: false, batchScheduleFn: (dispatch) => inFlight.then(() => setImmediate(dispatch)) },
  );

  return {
    /** What Postgres holds now; null where it holds nothing. */
    load: (key: string) => loader.load(key),
    /** What Postgres held at most that long ago, when this node read it; read now where it was not. */
    lately: async (key: string, maxAgeMs: number): Promise<Row | null> =>
      lastAnswer(key, maxAgeMs) ?? loader.load(key),
    /** The next `lately` reads anew: also where the statement under way read the row before it changed. */
    forget(key: string) {
      answers.delete(key);
      forgotten.add(key);
    },
  };
}
