import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isRunning, type ProcessIdentity, readPidFile } from '../../engines/src/processes.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';

let dir: string;
let said: string[];
let crashed: Promise<string>;
let supervisor: Supervisor;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-supervisor-'));
  said = [];
});
afterEach(async () => {
  supervisor.kill();
  await supervisor.stop();
  rmSync(dir, { recursive: true });
});

/** Runs a program until it is asked to end. Each of its starts adds a line to a file. */
function supervise(program: string, { most = 3, firstDelayMs = 10, env = process.env } = {}) {
  const path = join(dir, 'program.mjs');
  const starts = JSON.stringify(join(dir, 'starts'));
  writeFileSync(
    path,
    `import { appendFileSync } from 'node:fs';\nappendFileSync(${starts}, '.');\n${program}`,
  );
  crashed = new Promise((onCrash) => {
    const restarts = { most, withinMs: 60_000, firstDelayMs };
    const onWarning = (line: string) => said.push(line);
    supervisor = createSupervisor({ dataDir: dir, stopOrder: [['part']], onWarning, onCrash, restarts });
  });
  supervisor.service('part', path, env, async () => {});
}

const serves = "process.on('disconnect', () => process.exit()); process.on('SIGTERM', () => process.exit());";
const starts = () => (existsSync(join(dir, 'starts')) ? readFileSync(join(dir, 'starts'), 'utf8').length : 0);
const identity = () => readPidFile(join(dir, 'pids/part.pid')) as ProcessIdentity;

async function until(isTrue: () => unknown) {
  while (!isTrue()) await sleep(5);
}

describe('a process that ends', () => {
  it('before the system is up stops everything', async () => {
    supervise('process.exit(3);');
    expect(await crashed).toBe(`part ended unexpectedly (code 3). Log: ${join(dir, 'logs/part.log')}`);
    expect(starts()).toBe(1);
  });

  it('afterwards is restarted, which its log and the terminal report', async () => {
    supervise(serves);
    await until(() => starts() === 1);
    supervisor.keepAlive();
    const killed = identity();
    process.kill(killed.pid, 'SIGKILL');
    await until(() => said.includes('part is running again.'));
    await until(() => starts() === 2);
    expect(isRunning(killed)).toBe(false);
    expect(isRunning(identity())).toBe(true);
    const expected = `part ended unexpectedly (SIGKILL). It restarts in 0.01 s. Log: ${join(dir, 'logs/part.log')}`;
    expect(said).toEqual([expected, 'part is running again.']);
    await supervisor.stop();
    const log = readFileSync(join(dir, 'logs/part.log'), 'utf8').trim().split('\n');
    expect(log.map((line) => JSON.parse(line))).toMatchObject([
      { level: 40, service: 'supervisor', msg: expected },
      { level: 40, service: 'supervisor', msg: 'part is running again.' },
    ]);
  });

  it('again and again stops everything', async () => {
    supervise("setTimeout(() => process.exit(3), 200); process.send('up');");
    supervisor.keepAlive();
    expect(await crashed).toBe(
      `part ended unexpectedly (code 3), after 3 restarts within 60 s. Everything stops. Log: ${join(dir, 'logs/part.log')}`,
    );
    expect(starts()).toBe(4);
  });
});

describe('a process that the machine refuses to start', () => {
  it('is retried like one that ended', async () => {
    const env: NodeJS.ProcessEnv = { ...process.env };
    supervise(serves, { env });
    await until(() => starts() === 1);
    supervisor.keepAlive();
    // Longer than Linux accepts, so the system call fails, as it does if memory is short.
    env.TOO_LONG = 'x'.repeat(200_000);
    process.kill(identity().pid, 'SIGKILL');
    await until(() => said.some((line) => line.includes('not started: Error: spawn E2BIG')));
    delete env.TOO_LONG;
    await until(() => said.includes('part is running again.'));
    await until(() => starts() === 2);
    expect(isRunning(identity())).toBe(true);
  });
});

describe('a stop', () => {
  it('during the delay of a restart starts nothing more', async () => {
    supervise(serves, { firstDelayMs: 3_600_000 });
    await until(() => starts() === 1);
    supervisor.keepAlive();
    process.kill(identity().pid, 'SIGKILL');
    await until(() => said.length === 1);
    await supervisor.stop();
    expect(starts()).toBe(1);
    expect(readdirSync(join(dir, 'pids'))).toEqual([]);
  });

  it('ends a restarted process', async () => {
    supervise(serves);
    await until(() => starts() === 1);
    supervisor.keepAlive();
    process.kill(identity().pid, 'SIGKILL');
    await until(() => said.includes('part is running again.'));
    const again = identity();
    await supervisor.stop();
    expect(isRunning(again)).toBe(false);
  });
});
