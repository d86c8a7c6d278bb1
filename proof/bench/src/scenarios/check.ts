import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '@parley/engines/launch';
import { removeAtExit } from '../at-exit.ts';
import { watchPeak } from '../cpu.ts';
import { compared, counted, median } from '../figures.ts';
import { writeMadeExport } from '../made-export.ts';
import type { Scenario } from '../scenario.ts';
import { type Env, startSystem } from '../system.ts';

const megabyte = 2 ** 20;
const scan = join(import.meta.dirname, '../floors/scan.ts');

type Ended = { stdout: string; seconds: number; peakMb: number };

/** bin/check as its reader waits for it, from its start to its end, and so is the scan beside it. */
export const check: Scenario = {
  name: 'check',
  about: 'bin/check beside a bare scan, and its memory beside that over a tenth (--full: a million entries)',
  async run({ isQuick, isFull, log }) {
    const entries = isQuick ? 300 : isFull ? 1_000_000 : 20_000;
    const rounds = isQuick || isFull ? 1 : 5;
    const few = await checkMade(entries / 10, rounds, log);
    const many = await checkMade(entries, rounds, log);
    const seconds = (runs: Ended[]) => runs.map((run) => run.seconds);
    const peaks = (runs: Ended[]) => runs.map(({ peakMb }) => peakMb);
    const broken = Math.max(...[...few.checks, ...many.checks].map(brokenIn));
    return [
      compared(
        {
          scenario: 'check',
          name: `bin/check, ${entries} entries`,
          unit: 's',
          target: isFull ? { of: 'value', atMost: 300 } : undefined,
          also: { 'entries/s': entries / median(seconds(many.checks)) },
        },
        seconds(many.checks),
        { name: 'a bare scan', rounds: seconds(many.scans) },
      ),
      compared(
        {
          scenario: 'check',
          name: `peak memory, ${entries / 10} -> ${entries} entries`,
          unit: 'MB',
          target: { of: 'ratio', atMost: 2 },
        },
        peaks(many.checks),
        { name: 'the small one', rounds: peaks(few.checks) },
      ),
      counted('check', 'broken invariants', broken, 'invariants', { target: { of: 'value', atMost: 0 } }),
    ];
  },
};

/** Rounds of bin/check and of the bare scan in turn, over so many entries that bin/import has brought. */
async function checkMade(entries: number, rounds: number, log: (line: string) => void) {
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-check-'));
  removeAtExit(folder);
  const system = await startSystem({ nodes: [], hasRunner: false });
  const { name, runnerName } = system.table;
  // DATA_DIR is where scripts look for a running Parley: here is none.
  const env = { ...system.env, DDB_MESSAGE_TABLE: name, DDB_RUNNER_TABLE: runnerName, DATA_DIR: folder };
  try {
    const file = join(folder, 'made.jsonl');
    await writeMadeExport(file, entries);
    const { seconds } = await run(env, 'bin/import', file);
    log(`${entries} entries imported in ${Math.round(seconds)} s`);
    const checks: Ended[] = [];
    const scans: Ended[] = [];
    for (let round = 0; round < rounds; round += 1) {
      scans.push(await run(env, process.execPath, '--import', 'tsx', scan));
      const ended = await run(env, 'bin/check');
      if (!ended.stdout.includes(`, ${entries} entries`))
        throw new Error(`not all was read: ${ended.stdout}`);
      checks.push(ended);
    }
    return { checks, scans };
  } finally {
    await system.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const brokenIn = ({ stdout }: Ended) => stdout.split('\n').filter((line) => line.startsWith('✗')).length;

/** Runs a program to its end, which is 1 where it found something wrong. */
async function run(env: Env, file: string, ...args: string[]): Promise<Ended> {
  const startedAtMs = performance.now();
  const running = promisify(execFile)(file, args, { cwd: root, env: { PATH: process.env.PATH, ...env } });
  const peakBytes = watchPeak(running.child.pid ?? 0);
  const { stdout } = await running.catch((error) => {
    if (error.code === 1 && error.stdout) return error;
    throw error;
  });
  return { stdout, seconds: (performance.now() - startedAtMs) / 1_000, peakMb: peakBytes() / megabyte };
}
