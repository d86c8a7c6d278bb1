import DataLoader from 'dataloader';
import { batchGet } from './batch-get.ts';
import type { Table } from './client.ts';
import type { Key } from './keys.ts';
import type { Item } from './scan.ts';

const keyText = ({ pk, sk }: Key) => `${pk} ${sk}`;

/**
 * Consistent reads by key, those of many callers in one request. A batch collects keys until the request before it is
 * answered, so batches grow under load, and every caller gets what the table held after it asked.
 */
export function createGets(table: Table) {
  let inFlight: Promise<unknown> = Promise.resolve();

  async function read(keys: readonly Key[]) {
    const wanted = new Map(keys.map((key) => [keyText(key), key]));
    const items = await batchGet(table, [...wanted.values()]);
    const found = new Map(items.map((item) => [keyText(item as Key), item]));
    return keys.map((key) => found.get(keyText(key)) ?? null);
  }

  const loader = new DataLoader<Key, Item | null>(
    (keys) => {
      const items = read(keys);
      inFlight = items.catch(() => {}); // Told to those who asked.
      return items;
    },
    {
      cache: false,
      maxBatchSize: 100,
      batchScheduleFn: (dispatch) => inFlight.then(() => setImmediate(dispatch)),
    },
  );

  /** The item as it is now; null where there is none. 1 read unit for each 4 KB, and for none. */
  return (key: Key): Promise<Item | null> => loader.load(key);
}
