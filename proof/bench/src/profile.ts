import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { givenPath } from '@parley/config/given-path';
import { root } from '@parley/engines/launch';
import { type Call, type CpuProfile, callTree, type Kind, kinds } from './cpu-profile.ts';
import { flameGraph } from './flame-graph.ts';

/**
 * Where the CPU time of profiled processes went: `profile.ts FOLDER [--images NAME]`, of what `bin/bench --profile FOLDER`
 * left there. With a name, a flame graph of each process too: docs/images/flame-NAME-<process>.svg.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { images: { type: 'string' } },
});
const folder = givenPath(process.env, positionals[0] ?? '.');

const mainFiles = { api: '/backend/src/main.ts', runner: '/lambdas/src/local/main.ts' };
const drawn = new Set<string>();

for (const file of readdirSync(folder)
  .filter((name) => name.endsWith('.cpuprofile'))
  .sort()) {
  const profile: CpuProfile = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const name = Object.entries(mainFiles).find(([, main]) =>
    profile.nodes.some(({ callFrame }) => callFrame.url.endsWith(main)),
  )?.[0];
  // A thread that loads modules.
  if (!name) continue;
  const tree = callTree(profile);
  const times = new Map<Kind, number>();
  addUp(tree, times);
  console.log(`\n${name}, ${file}: ${(tree.totalMicros / 1e6).toFixed(1)} s busy`);
  for (const [kind, micros] of [...times].sort(([, one], [, other]) => other - one))
    console.log(`${((100 * micros) / tree.totalMicros).toFixed(1).padStart(6)} %  ${kinds[kind]}`);
  // Of several nodes the first stands for all.
  if (!values.images || drawn.has(name)) continue;
  drawn.add(name);
  const path = join(root, `docs/images/flame-${values.images}-${name}.svg`);
  const seconds = (tree.totalMicros / 1e6).toFixed(1);
  writeFileSync(path, `${flameGraph(`${values.images}: ${name}, ${seconds} s busy`, tree)}\n`);
  console.log(path);
}

function addUp(call: Call, times: Map<Kind, number>) {
  if (call.micros > 0) times.set(call.kind, (times.get(call.kind) ?? 0) + call.micros);
  for (const child of call.children) addUp(child, times);
}
