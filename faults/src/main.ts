import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.ts';
import { checkHistory } from './checker/check.ts';
import { describe, isClean, type Outcome } from './report.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    seeds: { type: 'string' },
    kills: { type: 'string' },
    people: { type: 'string', default: '50' },
    keep: { type: 'string' },
  },
});

const minutes = Number(values.minutes);
const kills = Number(values.kills ?? Math.round(minutes * 8));
const outcomes: Outcome[] = [];
for (const seed of seedsOf(values.seed ?? values.seeds ?? '1')) {
  const onProgress = (line: string) => console.error(line);
  const keepLogsIn = values.keep && join(values.keep, `seed-${seed}-logs`);
  const { history, ...result } = await runCampaign({
    keepLogsIn,
    seed,
    minutes,
    kills,
    people: Number(values.people),
    onProgress,
  });
  const outcome = { seed, verdict: checkHistory(history), ...result };
  outcomes.push(outcome);
  if (values.keep) keep(values.keep, seed, history);
  for (const { invariant, kind, detail } of outcome.verdict.violations.slice(0, 20))
    console.log(`seed ${seed}: invariant ${invariant}, ${kind}: ${detail}`);
  for (const { invariant, key, detail } of outcome.check.findings.slice(0, 20))
    console.log(`seed ${seed}: bin/check, invariant ${invariant}: ${key} ${detail}`);
}
console.log(describe(outcomes));
process.exitCode = outcomes.every(isClean) ? 0 : 1;

/** `3`, `1..10` or `1,5,7`. */
function seedsOf(text: string): number[] {
  const [from, to] = text.split('..').map(Number);
  if (from !== undefined && to !== undefined)
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  return text.split(',').map(Number);
}

function keep(folder: string, seed: number, history: object[]) {
  mkdirSync(folder, { recursive: true });
  const lines = history.map((observation) => JSON.stringify(observation));
  writeFileSync(join(folder, `seed-${seed}.jsonl`), `${lines.join('\n')}\n`);
}
