import { setTimeout as sleep } from 'node:timers/promises';
import { residentMb } from '@parley/backend/testing/processes';
import { counted, median } from '../figures.ts';
import { planPairs, withSystem } from '../lanes.ts';
import type { Scenario } from '../scenario.ts';

const pairs = 16;
const sampleMs = 500;

/** Peak memory of the API process at full load, and its growth in the second half. */
export const memory: Scenario = {
  name: 'memory',
  about: 'memory of the API process under full load (--full: 10 minutes)',
  run: ({ isQuick, isFull }) =>
    withSystem({}, async (system, load) => {
      const seconds = isQuick ? 2 : isFull ? 600 : 60;
      await load.ask({ plan: await planPairs(system, pairs) });
      const [pid = 0] = system.processes().api ?? [];
      const samples: number[] = [];
      let isLoading = true;
      const loading = load.ask({ load: { seconds, outstanding: 4 } }).finally(() => {
        isLoading = false;
      });
      while (isLoading) {
        samples.push(residentMb(pid));
        await sleep(sampleMs);
      }
      const { perSecond } = await loading;
      const half = samples.slice(samples.length / 2);
      const quarter = Math.ceil(half.length / 2);
      const growth = median(half.slice(-quarter)) - median(half.slice(0, quarter));
      return [
        counted('memory', `resident memory at most, ${seconds} s`, Math.max(...samples), 'MB', {
          target: { of: 'value', atMost: 300 },
          also: { 'messages/s': perSecond },
        }),
        counted('memory', 'growth between the last two quarters', growth, 'MB'),
      ];
    }),
};
