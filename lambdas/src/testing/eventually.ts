import { setTimeout as sleep } from 'node:timers/promises';

/** Reads until the value is right. Fails with the last value after `limitMs`. */
export async function eventually<T>(
  read: () => T | Promise<T>,
  isRight: (value: T) => boolean,
  limitMs = 20_000,
): Promise<T> {
  const startedAtMs = performance.now();
  for (;;) {
    const value = await read();
    if (isRight(value)) return value;
    if (performance.now() - startedAtMs > limitMs)
      throw new Error(`still ${JSON.stringify(value)} after ${limitMs} ms`);
    await sleep(20);
  }
}
