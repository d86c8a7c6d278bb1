import { type BenchEngine, startEngine } from '../engine.ts';
import { type Figure, median } from '../figures.ts';
import type { EngineLoad, EngineResult } from '../load/engine.ts';
import type { Scenario } from '../scenario.ts';
import { startWorker } from '../worker.ts';

const ways: [EngineLoad['way'], number][] = [
  ['puts', 1],
  ['puts', 32],
  ['statements of 25', 4],
  ['transactions of 25', 2],
  ['transactions of 100', 2],
];

/** Floor (b): what the engine takes from a bare SDK loop, with its stream and default disk sync. */
export const engineFloor: Scenario = {
  name: 'engine',
  about: 'floor (b): entries the engine takes from a bare SDK loop',
  async run({ isQuick }) {
    const engine = await startEngine();
    const load = startWorker<EngineLoad, EngineResult>('load/engine.ts');
    try {
      const results = ways.map(() => [] as EngineResult[]);
      for (let round = isQuick ? 1 : 0; round <= (isQuick ? 1 : 5); round += 1)
        for (const [index, [way, inFlight]] of ways.entries()) {
          const result = await load.ask(question(engine, way, inFlight, isQuick ? 0.3 : 1));
          if (round > 0) results[index]?.push(result);
        }
      return ways.map(([way, inFlight], index) =>
        figure(`${way}, ${inFlight} in flight`, results[index] ?? []),
      );
    } finally {
      await load.stop();
      await engine.stop();
    }
  },
};

const question = (
  { url, names }: BenchEngine,
  way: EngineLoad['way'],
  inFlight: number,
  seconds: number,
) => ({
  endpoint: url,
  name: names.name,
  way,
  inFlight,
  seconds,
});

function figure(name: string, results: EngineResult[]): Figure {
  const rounds = results.map(({ perSecond }) => perSecond);
  const also = {
    'p50 ms': median(results.map(({ p50 }) => p50)),
    'p99 ms': median(results.map(({ p99 }) => p99)),
  };
  return { scenario: 'engine', name, unit: 'entries/s', value: median(rounds), rounds, also };
}
