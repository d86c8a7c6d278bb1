import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { givenPath } from '@parley/config/given-path';
import { type Figure, isMet } from './figures.ts';
import { machine } from './machine.ts';
import { lines } from './print.ts';
import { scenarios } from './scenarios/index.ts';
import { profileInto } from './system.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    quick: { type: 'boolean' },
    full: { type: 'boolean' },
    list: { type: 'boolean' },
    profile: { type: 'string' },
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
  if (values.profile) profileInto(givenPath(process.env, values.profile));
  const options = { isQuick: values.quick ?? false, isFull: values.full ?? false, log };
  const figures: Figure[] = [];
  for (const { name, about, isRepeat, run } of chosen()) {
    console.log(`${name}: ${about}`);
    if (options.isQuick && isRepeat && positionals.length === 0) {
      log('skipped: a quick run has one of its kind');
      continue;
    }
    for (const figure of await run(options)) {
      figures.push(figure);
      for (const line of lines(figure)) console.log(line);
    }
    if (values.json) keep(givenPath(process.env, values.json), figures);
  }
  const missed = figures.filter((figure) => isMet(figure) === false);
  console.log(`${figures.length} figures, ${missed.length} targets missed`);
}

/** The figures of this run in place of those that the file has of the same scenarios. */
function keep(file: string, figures: Figure[]) {
  const before: Figure[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).figures : [];
  const isMeasured = ({ scenario }: Figure) => figures.some((figure) => figure.scenario === scenario);
  const order = scenarios.map(({ name }) => name);
  const all = [...before.filter((figure) => !isMeasured(figure)), ...figures].sort(
    (one, other) => order.indexOf(one.scenario) - order.indexOf(other.scenario),
  );
  writeFileSync(file, `${JSON.stringify({ machine: machine(), figures: all }, rounded, 1)}\n`);
}

/** Six significant digits are more than was measured. */
const rounded = (_key: string, value: unknown) =>
  typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(6)) : value;

function log(line: string) {
  console.log(`  ${line}`);
}

// Processes and folders of a run go with it.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => process.exit(1));

await main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
