import { Presets, SingleBar } from 'cli-progress';

const barFormat = '{title} {bar} {percentage} % | {value}/{total} | {rate}/s | {eta_formatted} left';
const lineMs = 5_000;

export type ProgressBar = ReturnType<typeof createProgressBar>;

/**
 * Shows a bar with rate and time left on a terminal, or else prints a line every five seconds. Writes to standard
 * error.
 */
export function createProgressBar(title: string) {
  const { isTTY } = process.stderr;
  const bar =
    isTTY &&
    new SingleBar({ format: barFormat, stream: process.stderr, hideCursor: true }, Presets.shades_classic);
  let start: { atMs: number; done: number; total: number } | undefined;
  let lineAtMs = 0;

  const rateOf = (done: number) =>
    start ? Math.round(((done - start.done) * 1_000) / Math.max(1, performance.now() - start.atMs)) : 0;

  return {
    /** Starts the clock of the rate. */
    start(total: number, done = 0) {
      start = { atMs: performance.now(), done, total };
      lineAtMs = start.atMs;
      if (bar) bar.start(total, done, { title, rate: 0 });
    },
    update(done: number) {
      if (!start) return;
      if (done > start.total) start.total = done;
      if (bar) {
        bar.setTotal(start.total);
        bar.update(done, { rate: rateOf(done) });
      } else if (performance.now() - lineAtMs >= lineMs) {
        lineAtMs = performance.now();
        console.error(`${title} ${done}/${start.total}, ${rateOf(done)}/s`);
      }
    },
    rateOf,
    /** Ends the bar, so that other output can follow. */
    stop() {
      if (bar) bar.stop();
    },
  };
}
