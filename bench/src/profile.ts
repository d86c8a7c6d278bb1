import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the CPU time of profiled processes went: `profile.ts FOLDER`, what `bin/bench --profile FOLDER` left there. */
type Frame = { functionName: string; url: string };
type Node = { id: number; callFrame: Frame; children?: number[] };
type Profile = { nodes: Node[]; samples: number[]; timeDeltas: number[] };

const [folder = '.'] = process.argv.slice(2);
const web =
  /node_modules\/(express|router|helmet|pino|pino-http|body-parser|cors|send|finalhandler|sonic-boom)\//;

/** The kind of work that a frame belongs to, also by what called it. */
function kindOf({ functionName, url }: Frame, callers: Frame[]): string {
  const isSdk = /node_modules\/@(smithy|aws-sdk|aws)\//.test(url);
  if (callers.some((caller) => caller.url.includes('internal/modules'))) return 'loading modules';
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (isSdk && callers.some((caller) => caller.functionName === 'deserializeResponse'))
    return 'the SDK reads answers';
  if (isSdk) return 'the rest of the SDK';
  if (web.test(url)) return 'Express, helmet, pino';
  if (url.includes('node_modules')) return 'other packages';
  if (url.startsWith('node:') || url === '') return 'Node: sockets, streams, native code';
  return 'Parley';
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const times = new Map<string, number>();
  let busy = 0;
  for (const [index, sample] of samples.entries()) {
    const frame = byId.get(sample)?.callFrame;
    if (!frame || frame.functionName === '(idle)') continue;
    const callers: Frame[] = [];
    for (let at = parents.get(sample); at !== undefined; at = parents.get(at)) {
      const caller = byId.get(at)?.callFrame;
      if (caller) callers.push(caller);
    }
    const kind = kindOf(frame, [frame, ...callers]);
    const micros = timeDeltas[index] ?? 0;
    times.set(kind, (times.get(kind) ?? 0) + micros);
    busy += micros;
  }
  console.log(`\n${file}: ${(busy / 1e6).toFixed(1)} s busy`);
  for (const [kind, micros] of [...times].sort(([, a], [, b]) => b - a))
    console.log(`${((100 * micros) / busy).toFixed(1).padStart(6)} %  ${kind}`);
}
