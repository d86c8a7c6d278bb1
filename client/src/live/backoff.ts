/** Half to all of 0.5 s, 1 s, 2 s ... 30 s: those who lost the same server do not return at once. */
export function backoffMs(attempt: number, random = Math.random()) {
  const ceilingMs = Math.min(30_000, 500 * 2 ** attempt);
  return ceilingMs * (0.5 + random / 2);
}
