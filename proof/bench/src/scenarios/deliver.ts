import { openCompetitors } from '../competitors.ts';
import { compared, type Figure, type Target } from '../figures.ts';
import { alternate, medianCpu, medianOf, type Round } from '../rounds.ts';
import type { Scenario } from '../scenario.ts';

type Case = { name: string; pairs: number; outstanding: number; measure: 'perSecond' | 'p50' };

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
      const tasks = competitors.map(
        ({ measure }) =>
          (seconds: number) =>
            measure({ seconds, outstanding: one.outstanding }),
      );
      const [ours = [], ...others] = await alternate(tasks, { isQuick }, { seconds: 1.5, warmUpSeconds: 4 });
      return others.map((theirs, index) => besideOne(one, ours, competitors[index + 1]?.name ?? '', theirs));
    } finally {
      for (const { stop } of competitors) await stop();
    }
  },
}));

function besideOne({ name: scenario, measure }: Case, ours: Round[], peer: string, theirs: Round[]): Figure {
  const isLatency = measure === 'p50';
  const target: Target = isLatency ? { of: 'ratio', atMost: 1 } : { of: 'ratio', atLeast: 1 };
  const values = (rounds: Round[]) => rounds.map((round) => round[measure]);
  return compared(
    {
      scenario,
      name: `${isLatency ? 'median latency' : 'delivered'}, beside ${peer}`,
      unit: isLatency ? 'ms' : 'delivered/s',
      target: peer === 'ejabberd' ? target : undefined,
      also: { ...latencies('Parley', ours), ...latencies(peer, theirs) },
      cpu: { ...medianCpu(ours), ...medianCpu(theirs) },
    },
    values(ours),
    { name: peer, rounds: values(theirs) },
  );
}

const latencies = (who: string, rounds: Round[]) => ({
  [`${who} per second`]: medianOf(rounds, 'perSecond'),
  [`${who} p50 ms`]: medianOf(rounds, 'p50'),
  [`${who} p99 ms`]: medianOf(rounds, 'p99'),
});
