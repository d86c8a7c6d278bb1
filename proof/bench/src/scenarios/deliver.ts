import type { CompetitorRound } from '../competitor.ts';
import { openCompetitors } from '../competitors.ts';
import { compared, type Figure, median, type Target } from '../figures.ts';
import type { Scenario } from '../scenario.ts';

type Case = { name: string; pairs: number; outstanding: number; measure: 'perSecond' | 'p50' };

/** V8 needs about this long to compile the hot code. */
const warmUpSeconds = 4;

const cases: Case[] = [
  { name: 'deliver-8x1', pairs: 8, outstanding: 1, measure: 'p50' },
  { name: 'deliver-8x4', pairs: 8, outstanding: 4, measure: 'perSecond' },
  { name: 'deliver-32x4', pairs: 32, outstanding: 4, measure: 'perSecond' },
];

/** Archived messages from one person's socket to another's. Rounds of Parley, its peers and a bare echo alternate. */
export const deliveries: Scenario[] = cases.map((one, index) => ({
  name: one.name,
  isRepeat: index > 0,
  about: `sent on a socket, on the receiver’s: ${one.pairs} pairs of people, ${one.outstanding} outstanding each`,
  async run({ isQuick, log }) {
    const competitors = await openCompetitors(isQuick ? 2 : one.pairs, log);
    try {
      const [rounds, seconds] = isQuick ? [1, 0.5] : [5, 1.5];
      const results = new Map(competitors.map(({ name }) => [name, [] as CompetitorRound[]]));
      for (let round = isQuick ? 1 : 0; round <= rounds; round += 1) {
        for (const { name, measure } of competitors) {
          const result = await measure({
            seconds: round === 0 ? warmUpSeconds : seconds,
            outstanding: one.outstanding,
          });
          if (round > 0) results.get(name)?.push(result);
        }
      }
      return figuresOf(one, results);
    } finally {
      for (const { stop } of competitors) await stop();
    }
  },
}));

function figuresOf({ name: scenario, measure }: Case, results: Map<string, CompetitorRound[]>): Figure[] {
  const ours = results.get('Parley') ?? [];
  const unit = measure === 'p50' ? 'ms' : 'delivered/s';
  const values = (rounds: CompetitorRound[]) => rounds.map((round) => round[measure]);
  return [...results]
    .filter(([peer]) => peer !== 'Parley')
    .map(([peer, theirs]) => {
      const target: Target = measure === 'p50' ? { of: 'ratio', atMost: 1 } : { of: 'ratio', atLeast: 1 };
      return compared(
        {
          scenario,
          name: `${measure === 'p50' ? 'median latency' : 'delivered'}, beside ${peer}`,
          unit,
          target: peer === 'ejabberd' ? target : undefined,
          also: {
            ...latencies('Parley', ours),
            ...latencies(peer, theirs),
          },
          cpu: { ...medianCpu(ours), ...medianCpu(theirs) },
        },
        values(ours),
        { name: peer, rounds: values(theirs) },
      );
    });
}

const latencies = (who: string, rounds: CompetitorRound[]) => ({
  [`${who} per second`]: median(rounds.map(({ perSecond }) => perSecond)),
  [`${who} p50 ms`]: median(rounds.map(({ p50 }) => p50)),
  [`${who} p99 ms`]: median(rounds.map(({ p99 }) => p99)),
});

function medianCpu(rounds: CompetitorRound[]): Record<string, number> {
  const names = Object.keys(rounds[0]?.cpu ?? {});
  return Object.fromEntries(names.map((name) => [name, median(rounds.map(({ cpu }) => cpu[name] ?? 0))]));
}
