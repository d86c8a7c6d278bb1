import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { givenPath } from '@parley/config/given-path';
import { root } from '@parley/engines/launch';
import { type Figure, isMet } from './figures.ts';
import { short, verdict } from './print.ts';

/**
 * Draws docs/images/bench-<scenario>.svg from the figures of a run, and writes those with a target as a table into
 * docs/performance.md: `plots.ts [FILE]`.
 */
const [given] = process.argv.slice(2);
const file = given ? givenPath(process.env, given) : join(root, 'docs/performance.json');
const folder = join(root, 'docs/images');

const width = 760;
const [left, right, rowHeight, top] = [330, 120, 34, 44];

/** Escapes a text for SVG. */
const xml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Draws a bar for each figure of a scenario, its rounds as dots, and its floor and target as lines. */
function plot(scenario: string, figures: Figure[]): string {
  const height = top + figures.length * rowHeight + 12;
  const rows = figures.map((figure, index) => row(figure, top + index * rowHeight));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    '<style>text{fill:#333}.muted{fill:#777}@media (prefers-color-scheme:dark){text{fill:#ddd}.muted{fill:#999}}</style>',
    `<text x="12" y="20" font-size="15" font-weight="bold">${xml(scenario)}</text>`,
    '<text x="12" y="36" class="muted">bar: median · dots: rounds · grey line: what it is beside · red line: target</text>',
    ...rows.flat(),
    '</svg>',
  ].join('\n');
}

function row(figure: Figure, y: number): string[] {
  const { name, value, unit, rounds, floor, target } = figure;
  const bound = target?.atLeast ?? target?.atMost;
  const targetValue =
    bound === undefined ? undefined : target?.of === 'ratio' ? bound * (floor?.value ?? 0) : bound;
  const greatest = Math.max(value, ...rounds, floor?.value ?? 0, targetValue ?? 0) || 1;
  const x = (of: number) => left + (of / greatest) * (width - left - right);
  const colour = { true: '#2f9e6e', false: '#d97a2b', undefined: '#5b7fb5' }[String(isMet(figure))];
  const line = (of: number | undefined, stroke: string) =>
    of === undefined
      ? []
      : [`<line x1="${x(of)}" x2="${x(of)}" y1="${y}" y2="${y + 24}" stroke="${stroke}" stroke-width="2"/>`];
  return [
    `<text x="${left - 8}" y="${y + 16}" text-anchor="end">${xml(name.length > 52 ? `${name.slice(0, 51)}…` : name)}</text>`,
    `<rect x="${left}" y="${y + 3}" width="${x(value) - left}" height="18" fill="${colour}"/>`,
    ...rounds.map(
      (round) => `<circle cx="${x(round)}" cy="${y + 12}" r="2.5" fill="#222" fill-opacity="0.6"/>`,
    ),
    ...line(floor?.value, '#888'),
    ...line(targetValue, '#c0392b'),
    `<text x="${width - right + 8}" y="${y + 16}">${short(value)} ${xml(unit)}</text>`,
  ];
}

mkdirSync(folder, { recursive: true });
const { figures, machine } = JSON.parse(readFileSync(file, 'utf8')) as {
  figures: Figure[];
  machine: Record<string, unknown>;
};
for (const scenario of new Set(figures.map((figure) => figure.scenario))) {
  const path = join(folder, `bench-${scenario}.svg`);
  writeFileSync(
    path,
    `${plot(
      scenario,
      figures.filter((figure) => figure.scenario === scenario),
    )}\n`,
  );
  console.log(path);
}

const document = join(root, 'docs/performance.md');
const text = readFileSync(document, 'utf8');
const [start, end] = ['<!-- figures: bin/bench plots -->', '<!-- end of figures -->'];
const [before, after] = [text.split(start)[0], text.split(end)[1]];
if (before === undefined || after === undefined) throw new Error(`${document} has no place for the figures`);
writeFileSync(document, `${before}${start}\n\n${table()}\n\n${end}${after}`);

/** The figures that have a target. */
function table(): string {
  const rows = figures
    .filter(({ target }) => target)
    .map((figure) => {
      const { scenario, name, value, unit, ratio, ratioSpread, floor, rounds } = figure;
      const spread =
        rounds.length > 1 ? ` (${short(Math.min(...rounds))}–${short(Math.max(...rounds))})` : '';
      const isCompared = floor && ratio !== undefined && ratioSpread;
      const cells = [
        scenario,
        isCompared ? name.replace(`, beside ${floor.name}`, '') : name,
        `${short(value)} ${unit}${spread}`,
        isCompared
          ? `${short(ratio)} (${ratioSpread.map(short).join('–')}) × ${floor.name.split(',')[0]}`
          : '',
        verdict(figure).replace(/^ +\[target |\]$/g, ''),
      ];
      return `| ${cells.join(' | ')} |`;
    });
  return [
    Object.entries(machine)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
    '',
    '| scenario | what | median (spread) | in the same run | target |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
