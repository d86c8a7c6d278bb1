import { type Call, type Kind, kinds } from './cpu-profile.ts';
import { xml } from './xml.ts';

const width = 1_200;
const [rowHeight, top] = [16, 60];
/** Narrower calls are left out, with what they called. */
const leastWidth = 1.5;
const characterWidth = 6.4;
const colours: Record<Kind, string> = {
  own: '#2f9e6e',
  sdk: '#d9962b',
  web: '#5b7fb5',
  packages: '#8d79b8',
  node: '#9aa3ad',
  garbage: '#c0563b',
  loading: '#cfcfcf',
};

/** An SVG of where a process spent its time: callers above, what they called below, as wide as it took. */
export function flameGraph(title: string, tree: Call): string {
  const scale = width / tree.totalMicros;
  const boxes: string[] = [];
  let depth = 0;

  function drawEach(calls: Call[], x: number, row: number) {
    let next = x;
    for (const call of merged(calls)) {
      draw(call, next, row);
      next += call.totalMicros * scale;
    }
  }

  function draw(call: Call, x: number, row: number) {
    const wide = call.totalMicros * scale;
    if (wide < leastWidth) return;
    depth = Math.max(depth, row);
    const y = top + row * rowHeight;
    const name = call.frame.functionName || '(anonymous)';
    const share = ((100 * call.totalMicros) / tree.totalMicros).toFixed(1);
    const label = name.slice(0, Math.max(0, (wide - 4) / characterWidth));
    boxes.push(
      `<g><title>${xml(`${name} ${placeOf(call.frame.url)}: ${share} %`)}</title>`,
      `<rect x="${x.toFixed(1)}" y="${y}" width="${(wide - 0.5).toFixed(1)}" height="${rowHeight - 1}" fill="${colours[call.kind]}"/>`,
      ...(label.length > 2 ? [`<text x="${(x + 2).toFixed(1)}" y="${y + 11}">${xml(label)}</text>`] : []),
      '</g>',
    );
    // Which module loads which is nobody's question.
    if (call.kind !== 'loading') drawEach(call.children, x, row + 1);
  }
  drawEach(tree.children, 0, 0);
  const legend = Object.entries(kinds).map(([kind, what], index) => {
    const x = 8 + (index % 4) * 295;
    const y = 24 + 16 * Math.floor(index / 4);
    return `<rect x="${x}" y="${y}" width="10" height="10" fill="${colours[kind as Kind]}"/><text class="key" x="${x + 15}" y="${y + 9}">${xml(what)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top + (depth + 1) * rowHeight + 4}" font-family="monospace" font-size="10">`,
    '<style>text{fill:#111}.key{fill:#555;font-family:sans-serif;font-size:11px}@media (prefers-color-scheme:dark){.key{fill:#bbb}}</style>',
    `<text class="key" x="8" y="16" font-weight="bold">${xml(title)}</text>`,
    ...legend,
    ...boxes,
    '</svg>',
  ].join('\n');
}

/** Calls of one function from one place become one, the longest first. */
function merged(calls: Call[]): Call[] {
  const byFrame = new Map<string, Call>();
  for (const call of calls) {
    const key = `${call.frame.functionName} ${call.frame.url}`;
    const known = byFrame.get(key);
    byFrame.set(
      key,
      known
        ? {
            ...known,
            totalMicros: known.totalMicros + call.totalMicros,
            children: [...known.children, ...call.children],
          }
        : call,
    );
  }
  return [...byFrame.values()].sort((one, other) => other.totalMicros - one.totalMicros);
}

/** A file within the repository or its packages, or a module of Node's. */
const placeOf = (url: string) =>
  url.replace(/^file:\/\/.*?\/(?=(node_modules|backend|core|lambdas|config|engines)\/)/, '');
