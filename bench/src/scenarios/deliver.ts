import { type CompetitorRound, openCompetitors } from '../competitors.ts';
import { compared, type Figure, median, quantile, type Target } from '../figures.ts';
import type { Load } from '../load/drive.ts';
import type { Scenario } from '../scenario.ts';

type Case = { name: string; pairs: number; outstanding: number; measure: 'perSecond' | 'p50' };

const cases: Case[] = [
  { name: '8 pairs, 1 outstanding each', pairs: 8, outstanding: 1, measure: 'p50' },
  { name: '8 pairs, 4 outstanding each', pairs: 8, outstanding: 4, measure: 'perSecond' },
  { name: '32 pairs, 4 outstanding each', pairs: 32, outstanding: 4, measure: 'perSecond' },
];

/** A message from one person's socket to the other's, archived: Parley and its peers in turn. */
export const deliver: Scenario = {
  name: 'deliver',
  about: 'sent on a socket, on the receiver’s socket: beside ejabberd, Prosody and a bare echo',
  async run({ isQuick, log }) {
    const figures: Figure[] = [];
    for (const one of cases) {
      const competitors = await openCompetitors(one.pairs, log);
      try {
        const [rounds, seconds] = isQuick ? [1, 0.5] : [5, 1.5];
        const results = new Map(competitors.map(({ name }) => [name, [] as CompetitorRound[]]));
        for (let round = isQuick ? 1 : 0; round <= rounds; round += 1) {
          for (const { name, measure } of competitors) {
            const load: Load = { seconds, outstanding: one.outstanding };
            const result = await measure(load);
            if (round > 0) results.get(name)?.push(result);
          }
        }
        figures.push(...figuresOf(one, results));
      } finally {
        for (const { stop } of competitors) await stop();
      }
    }
    return figures;
  },
};

function figuresOf({ name, measure }: Case, results: Map<string, CompetitorRound[]>): Figure[] {
  const ours = results.get('Parley') ?? [];
  const unit = measure === 'p50' ? 'ms' : 'delivered/s';
  const values = (rounds: CompetitorRound[]) => rounds.map((round) => round[measure]);
  return [...results]
    .filter(([peer]) => peer !== 'Parley')
    .map(([peer, theirs]) => {
      const target: Target = measure === 'p50' ? { of: 'ratio', atMost: 1 } : { of: 'ratio', atLeast: 1 };
      return compared(
        {
          scenario: 'deliver',
          name: `${name}, ${measure === 'p50' ? 'median latency' : 'delivered'}, beside ${peer}`,
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
  [`${who} p99 ms`]: quantile(
    rounds.map(({ p99 }) => p99),
    0.5,
  ),
});

function medianCpu(rounds: CompetitorRound[]): Record<string, number> {
  const names = Object.keys(rounds[0]?.cpu ?? {});
  return Object.fromEntries(names.map((name) => [name, median(rounds.map(({ cpu }) => cpu[name] ?? 0))]));
}
