import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { givenPath } from '@parley/config/given-path';
import { startTestEngines } from '@parley/engines/testing/test-engines';
import { runCampaign } from './campaign.ts';
import { checkHistory } from './checker/check.ts';
import { fuzz } from './fuzz.ts';
import { describe, isClean, type Outcome } from './report.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    seeds: { type: 'string' },
    kills: { type: 'string' },
    people: { type: 'string', default: '50' },
    keep: { type: 'string' },
    'plant-loss': { type: 'boolean', default: false },
    fuzz: { type: 'boolean', default: false },
    requests: { type: 'string', default: '20000' },
    frames: { type: 'string', default: '4000' },
  },
});
/** Each of the eight direct conversations of a campaign has two people of its own. */
const fewestPeople = 16;
const keepIn = values.keep && givenPath(process.env, values.keep);
const seeds = seedsOf(values.seed ?? values.seeds ?? '1');
const isGood = values.fuzz ? await runFuzz(seeds[0] ?? 1) : await runCampaigns();
process.exitCode = isGood ? 0 : 1;

/** Parses a number option. Exits with an error if it is not a number, as the campaign would not end. */
function count(
  name: 'minutes' | 'kills' | 'people' | 'requests' | 'frames',
  text: string | undefined,
): number {
  const value = Number(text);
  if (text !== '' && Number.isFinite(value) && value >= 0) return value;
  console.error(`--${name} needs a number, not “${text}”. See --help.`);
  process.exit(2);
}

async function runCampaigns() {
  const minutes = count('minutes', values.minutes);
  const kills = count('kills', values.kills ?? String(Math.round(minutes * 8)));
  const people = count('people', values.people);
  if (people < fewestPeople) {
    console.error(
      `--people takes ${fewestPeople} or more: each of the first direct conversations has two of its own.`,
    );
    process.exit(2);
  }
  const outcomes: Outcome[] = [];
  for (const seed of seeds) {
    const onProgress = (line: string) => console.error(line);
    const copyLogsIn = keepIn && join(keepIn, `seed-${seed}-logs`);
    const losesFirstMessages = values['plant-loss'];
    const options = { seed, minutes, kills, people, losesFirstMessages, onProgress, copyLogsIn };
    const { history, ...result } = await runCampaign(options);
    const outcome = { seed, verdict: checkHistory(history), ...result };
    outcomes.push(outcome);
    if (keepIn) keep(keepIn, seed, history);
    printFaults(outcome);
  }
  console.log(describe(outcomes));
  return values['plant-loss'] ? outcomes.every(foundLoss) : outcomes.every(isClean);
}

/** Plants losses. True if the checker finds them. */
function foundLoss({ seed, planted, verdict }: Outcome): boolean {
  console.log(
    `seed ${seed}: ${planted} first messages acknowledged but not written, ${verdict.figures.lost} found`,
  );
  return planted > 0 && verdict.figures.lost > 0;
}

function printFaults({ seed, verdict, check }: Outcome) {
  for (const { invariant, kind, detail } of verdict.violations.slice(0, 20))
    console.log(`seed ${seed}: invariant ${invariant}, ${kind}: ${detail}`);
  for (const { invariant, key, detail } of check.findings.slice(0, 20))
    console.log(`seed ${seed}: bin/check, invariant ${invariant}: ${key} ${detail}`);
}

async function runFuzz(seed: number) {
  const [requests, frames] = [count('requests', values.requests), count('frames', values.frames)];
  const engines = await startTestEngines(mkdtempSync(join(tmpdir(), 'parley-fuzz-')), 1, process.env);
  try {
    const { faults, ...figures } = await fuzz({ seed, requests, frames });
    for (const fault of faults.slice(0, 20)) console.log(fault);
    console.log(`seed ${seed}: ${JSON.stringify(figures)}, ${faults.length} faults`);
    return faults.length === 0;
  } finally {
    await engines.stop();
  }
}

/** `3`, `1..10` or `1,5,7`. */
function seedsOf(text: string): number[] {
  if (!/^\d+(\.\.\d+|(,\d+)*)$/.test(text)) {
    console.error(`--seed needs an integer, --seeds a range (1..10) or a list (1,5,7), not “${text}”.`);
    process.exit(2);
  }
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
