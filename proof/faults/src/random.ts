import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Chance that a seed fixes. */
export type Random = ReturnType<typeof createRandom>;

/** `stream` tells apart those that share a seed: a person's choices do not depend on how often others chose. */
export function createRandom(seed: number, stream = 0) {
  const generator = xoroshiro128plus(seed ^ Math.imul(stream + 1, 0x9e3779b1));
  // Neighbouring seeds begin alike.
  for (let skipped = 0; skipped < 8; skipped += 1) generator.next();

  const random = {
    /** A whole number, both ends included. */
    int: (from: number, to: number) => uniformInt(generator, from, to),
    /** True in `percent` of 100 cases. */
    chance: (percent: number) => random.int(1, 10_000) <= percent * 100,
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new Error('nothing to pick from');
      return list[random.int(0, list.length - 1)] as T;
    },
    /** Picks in proportion to the weights. */
    weighted<T extends string>(weights: Record<T, number>): T {
      const entries = Object.entries(weights) as [T, number][];
      let left = random.int(
        1,
        entries.reduce((sum, [, weight]) => sum + weight, 0),
      );
      for (const [name, weight] of entries) {
        left -= weight;
        if (left <= 0) return name;
      }
      throw new Error('no weights');
    },
    shuffled<T>(list: readonly T[]): T[] {
      const rest = [...list];
      return list.map(() => rest.splice(random.int(0, rest.length - 1), 1)[0] as T);
    },
  };
  return random;
}
