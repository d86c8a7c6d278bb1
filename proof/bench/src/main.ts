import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { parseArgs } from 'node:util';
import { givenPath } from '@parley/config/given-path';
import { type Figure, isMet } from './figures.ts';
import { lines } from './print.ts';
import { scenarios } from './scenarios/index.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    quick: { type: 'boolean' },
    full: { type: 'boolean' },
    list: { type: 'boolean' },
  },
});

function chosen() {
  const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name));
  if (unknown.length > 0) {
    console.error(`No scenario ${unknown.join(', ')}. bin/bench --list prints them.`);
    process.exit(2);
  }
  return scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
}

async function main() {
  if (values.list) {
    for (const { name, about } of scenarios) console.log(`${name.padEnd(14)} ${about}`);
    return;
  }
  const options = { isQuick: values.quick ?? false, isFull: values.full ?? false, log };
  const figures: Figure[] = [];
  for (const { name, about, isRepeat, run } of chosen()) {
    console.log(`${name}: ${about}`);
    if (options.isQuick && isRepeat && positionals.length === 0) {
      log('skipped: a quick run measures one scenario of each kind');
      continue;
    }
    for (const figure of await run(options)) {
      figures.push(figure);
      for (const line of lines(figure)) console.log(line);
    }
    if (values.json) saveFigures(givenPath(process.env, values.json), figures);
  }
  const missed = figures.filter((figure) => isMet(figure) === false);
  console.log(`${figures.length} figures, ${missed.length} targets missed`);
}

/** Replaces the file's figures of the scenarios that ran and leaves the others. */
function saveFigures(file: string, figures: Figure[]) {
  const before: Figure[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).figures : [];
  const isMeasured = ({ scenario }: Figure) => figures.some((figure) => figure.scenario === scenario);
  const order = scenarios.map(({ name }) => name);
  const all = [...before.filter((figure) => !isMeasured(figure)), ...figures].sort(
    (one, other) => order.indexOf(one.scenario) - order.indexOf(other.scenario),
  );
  writeFileSync(file, `${JSON.stringify({ machine: machine(), figures: all }, rounded, 1)}\n`);
}

/** Rounds to six significant digits: no measurement is more precise. */
const rounded = (_key: string, value: unknown) =>
  typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(6)) : value;

/** The machine of the measurement. */
const machine = () => ({
  cpus: cpus().length,
  model: cpus()[0]?.model ?? 'unknown',
  memoryGb: Math.round(totalmem() / 2 ** 30),
  system: `${type()} ${release()}`,
  node: process.version,
  measuredAt: new Date().toISOString().slice(0, 10),
});

function log(line: string) {
  console.log(`  ${line}`);
}

// An orderly exit ends the run's processes and removes its folders.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => process.exit(1));

await main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
