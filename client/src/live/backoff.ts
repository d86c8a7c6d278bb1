/** Half to all of 0.5 s, 1 s, 2 s ... 30 s, at random, so that clients of a lost server do not all return at once. */
export function backoffMs(attempt: number, random = Math.random()) {
  const ceilingMs = Math.min(30_000, 500 * 2 ** attempt);
  return ceilingMs * (0.5 + random / 2);
}
