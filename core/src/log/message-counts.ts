/** The `message_count` at each entry of a log. Needs four bytes for each entry. */
export function createMessageCounts() {
  let counts = new Uint32Array(64);
  return {
    set(seq: number, count: number) {
      if (seq >= counts.length) {
        const larger = new Uint32Array(Math.max(seq + 1, counts.length * 2));
        larger.set(counts);
        counts = larger;
      }
      counts[seq] = count;
    },
    at: (seq: number): number | undefined => counts[seq],
  };
}
