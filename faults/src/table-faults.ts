import type { Fate } from '@parley/engines/testing/fault-proxy';
import type { Weather } from './plan.ts';
import { createRandom } from './random.ts';
import { createStreamWeather, type StreamWeather } from './stream-weather.ts';

/** Of 100 requests to the table, how many suffer while a weather lasts. */
const percent = { throttle: 40, fail: 30, 'lost-requests': 15, 'lost-answers': 30, slow: 50 };
const longestDelayMs = 400;

type Storm = keyof typeof percent;
const isStorm = (weather: Weather): weather is Storm => Object.hasOwn(percent, weather);

/** What the proxy in front of the table does to requests and to the stream's records at present. */
export function createWeather(seed: number) {
  const random = createRandom(seed, 2_000_000);
  const storms = new Map<Storm, number>();
  const stream: StreamWeather = { isRepeating: false, isShuffling: false, poison: 0 };
  const streamWeather = createStreamWeather(random, stream);
  const hits: Partial<Record<Weather, number>> = {};
  const hit = (weather: Weather) => {
    hits[weather] = (hits[weather] ?? 0) + 1;
  };

  function decide(): Fate {
    for (const [storm, depth] of storms) {
      if (depth === 0 || !random.chance(percent[storm])) continue;
      hit(storm);
      if (storm === 'slow') return { delayMs: random.int(20, longestDelayMs) };
      if (storm === 'lost-requests') return 'drop';
      if (storm === 'lost-answers') return random.chance(20) ? 'garble' : 'cut';
      return storm;
    }
    return 'pass';
  }

  return {
    decide,
    rewrite: (operation: string, body: Buffer) =>
      operation === 'GetRecords' ? streamWeather.rewrite(body) : body,
    /** Begins a weather; returns what ends it. */
    begin(weather: Weather): () => void {
      if (isStorm(weather)) {
        storms.set(weather, (storms.get(weather) ?? 0) + 1);
        return () => storms.set(weather, (storms.get(weather) ?? 1) - 1);
      }
      if (weather === 'poisoned-record') {
        stream.poison += 1;
        return () => {};
      }
      const name = weather === 'repeated-records' ? 'isRepeating' : 'isShuffling';
      stream[name] = true;
      return () => {
        stream[name] = false;
      };
    },
    clear() {
      storms.clear();
      Object.assign(stream, { isRepeating: false, isShuffling: false, poison: 0 });
    },
    /** Requests that each weather met. */
    hits,
    poisoned: streamWeather.poisoned,
  };
}
