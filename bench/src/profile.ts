import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the CPU time of profiled processes went: `profile.ts FOLDER`, what `bin/bench --profile FOLDER` left there. */
type Node = { id: number; callFrame: { functionName: string; url: string }; hitCount: number };
type Profile = { nodes: Node[]; samples: number[]; timeDeltas: number[] };

const [folder = '.'] = process.argv.slice(2);
const shown = 24;

/** A package, a part of Parley, or what Node itself does. */
function partOf({ functionName, url }: Node['callFrame']): string {
  if (functionName.startsWith('(')) return functionName;
  const packageName = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (packageName) return packageName;
  if (url.startsWith('node:')) return url.split('/').slice(0, 2).join('/');
  return url.split('/').slice(-3).join('/') || '(native)';
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile;
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times = new Map<string, number>();
  let busy = 0;
  for (const [index, sample] of samples.entries()) {
    const frame = frames.get(sample);
    const part = frame ? partOf(frame) : '(unknown)';
    const micros = timeDeltas[index] ?? 0;
    times.set(part, (times.get(part) ?? 0) + micros);
    if (part !== '(idle)') busy += micros;
  }
  console.log(`\n${file}: ${(busy / 1e6).toFixed(1)} s busy`);
  const sorted = [...times].filter(([part]) => part !== '(idle)').sort(([, a], [, b]) => b - a);
  for (const [part, micros] of sorted.slice(0, shown))
    console.log(`${((100 * micros) / busy).toFixed(1).padStart(6)} %  ${part}`);
}
