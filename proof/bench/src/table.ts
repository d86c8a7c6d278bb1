import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { givenPath } from '@parley/config/given-path';
import { root } from '@parley/engines/launch';
import type { Figure } from './figures.ts';
import { short, verdict } from './print.ts';

/* Writes the figures of a run that have a target as a table into docs/performance.md: `table.ts [FILE]`. */

const [given] = process.argv.slice(2);
const file = given ? givenPath(process.env, given) : join(root, 'docs/performance.json');
const { figures, machine } = JSON.parse(readFileSync(file, 'utf8')) as {
  figures: Figure[];
  machine: Record<string, unknown>;
};

const aimed = figures.filter(({ target }) => target);
const rows = aimed.map((figure) => {
  const { scenario, name, value, unit, ratio, ratioSpread, floor, rounds } = figure;
  const spread = rounds.length > 1 ? ` (${short(Math.min(...rounds))}–${short(Math.max(...rounds))})` : '';
  const ratios = `${short(ratio ?? 0)} (${ratioSpread?.map(short).join('–')})`;
  const cells = [
    scenario,
    floor ? name.replace(`, beside ${floor.name}`, '') : name,
    `${short(value)} ${unit}${spread}`,
    floor ? `${ratios} × ${floor.name.split(',')[0]}` : '',
    verdict(figure).replace(/^ +\[target |\]$/g, ''),
  ];
  return `| ${cells.join(' | ')} |`;
});
const described = Object.entries(machine).map(([name, value]) => `${name} ${value}`);
const table = [
  described.join(', '),
  '',
  '| scenario | what | median (spread) | in the same run | target |',
  '| --- | --- | --- | --- | --- |',
  ...rows,
].join('\n');

const document = join(root, 'docs/performance.md');
const text = readFileSync(document, 'utf8');
const [start, end] = ['<!-- figures: bin/bench table -->', '<!-- end of figures -->'];
const [before, after] = [text.split(start)[0], text.split(end)[1]];
if (before === undefined || after === undefined) throw new Error(`${document} has no place for the figures`);
writeFileSync(document, `${before}${start}\n\n${table}\n\n${end}${after}`);
