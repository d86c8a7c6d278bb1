import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isMet } from './figures.ts';
import { machine } from './machine.ts';
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
  if (unknown.length > 0) throw new Error(`No scenario ${unknown.join(', ')}. bin/bench --list prints them.`);
  return scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
}

async function main() {
  if (values.list) {
    for (const { name, about } of scenarios) console.log(`${name.padEnd(14)} ${about}`);
    return;
  }
  const options = { isQuick: values.quick ?? false, isFull: values.full ?? false, log };
  const figures = [];
  for (const { name, about, run } of chosen()) {
    console.log(`${name}: ${about}`);
    for (const figure of await run(options)) {
      figures.push(figure);
      for (const line of lines(figure)) console.log(line);
    }
    if (values.json) writeFileSync(values.json, JSON.stringify({ machine: machine(), figures }, null, 1));
  }
  const missed = figures.filter((figure) => isMet(figure) === false);
  console.log(`${figures.length} figures, ${missed.length} targets missed`);
}

function log(line: string) {
  console.log(`  ${line}`);
}

await main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
