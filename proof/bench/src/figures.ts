/** A measured number, with the floor and the target it is compared with. */
export type Figure = {
  scenario: string;
  name: string;
  /** The median of the rounds. */
  value: number;
  unit: string;
  rounds: number[];
  /** A floor measured in the same run, and the median of the rounds' ratios. */
  floor?: { name: string; value: number; rounds: number[] } | undefined;
  ratio?: number | undefined;
  /** The smallest and the largest ratio of a round. */
  ratioSpread?: [number, number] | undefined;
  target?: Target | undefined;
  /** Further numbers of the same measurement: latencies in ms, memory in MB, shares. */
  also?: Record<string, number> | undefined;
  /** CPU seconds of each process while it was measured. */
  cpu?: Record<string, number> | undefined;
};

/** The bound of a figure's ratio, or of its value. */
export type Target = { of: 'ratio' | 'value'; atLeast?: number; atMost?: number };

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[middle - 1], sorted[middle]];
  if (high === undefined) throw new Error('the median of nothing');
  return sorted.length % 2 === 1 || low === undefined ? high : (low + high) / 2;
}

/** The value below which a share of the values lies, by nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (found === undefined) throw new Error('a quantile of nothing');
  return found;
}

export function isMet({ value, ratio, target }: Figure): boolean | undefined {
  if (!target) return undefined;
  const held = target.of === 'ratio' ? ratio : value;
  if (held === undefined) return undefined;
  return held >= (target.atLeast ?? -Infinity) && held <= (target.atMost ?? Infinity);
}

type More = Pick<Figure, 'target' | 'also' | 'cpu'>;

/** A figure that was counted, not timed. */
export const counted = (scenario: string, name: string, value: number, unit: string, more?: More): Figure =>
  timed(scenario, name, [value], unit, more);

/** A figure that was timed in rounds. */
export const timed = (
  scenario: string,
  name: string,
  rounds: number[],
  unit: string,
  more?: More,
): Figure => ({ scenario, name, value: median(rounds), unit, rounds, ...more });

/** A figure whose rounds alternated with rounds of a floor. */
export function compared(
  about: Pick<Figure, 'scenario' | 'name' | 'unit'> & More,
  rounds: number[],
  floor: { name: string; rounds: number[] },
): Figure {
  const ratios = rounds.map((value, index) => value / (floor.rounds[index] ?? Number.NaN));
  return {
    ...about,
    value: median(rounds),
    rounds,
    floor: { ...floor, value: median(floor.rounds) },
    ratio: median(ratios),
    ratioSpread: [Math.min(...ratios), Math.max(...ratios)],
  };
}
