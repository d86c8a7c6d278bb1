import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A random generator with a seed. */
export type Random = ReturnType<typeof createRandom>;

/** `stream` separates generators with the same seed: the choices of a person do not depend on those of others. */
export function createRandom(seed: number, stream = 0) {
  const generator = xoroshiro128plus(seed ^ Math.imul(stream + 1, 0x9e3779b1));
  // Discards the first numbers: neighboring seeds begin with similar ones.
  for (let skipped = 0; skipped < 8; skipped += 1) generator.next();

  const random = {
    /** An integer in the range, including both ends. */
    int: (from: number, to: number) => uniformInt(generator, from, to),
    /** True with a probability of `percent`. */
    chance: (percent: number) => random.int(1, 10_000) <= percent * 100,
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new Error('nothing to pick from');
      return list[random.int(0, list.length - 1)] as T;
    },
    /** Picks with a probability in proportion to the weights. */
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
