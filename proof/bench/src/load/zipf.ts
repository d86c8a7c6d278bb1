/** Draws numbers below `count`. The n-th number has a frequency of 1/n (Zipf, exponent 1). */
export function zipf(count: number): () => number {
  const sums: number[] = [];
  let total = 0;
  for (let rank = 1; rank <= count; rank += 1) {
    total += 1 / rank;
    sums.push(total);
  }
  return () => {
    const wanted = Math.random() * total;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
