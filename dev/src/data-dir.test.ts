import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { identify, writePidFile } from '../../engines/src/processes.ts';
import { openDataDir, removeEnvFile, storedSecret, writeEnvFile } from './data-dir.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-data-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const write = (name: string, content: string) => writeFileSync(join(dir, name), content);
const mode = (name: string) => (statSync(join(dir, name)).mode & 0o777).toString(8);
const read = (name: string) => readFileSync(join(dir, name), 'utf8');

describe('the lock of a data folder', () => {
  it('refuses a second process and names the first', async () => {
    const { release } = await openDataDir(dir);
    await expect(openDataDir(dir)).rejects.toThrow(
      `Parley is running on ${dir} already (process ${process.pid}).`,
    );
    release();
    (await openDataDir(dir)).release();
    expect(readdirSync(dir)).toEqual(['parley-version']);
  });

  it('is taken over from an ended process', async () => {
    write('lock', JSON.stringify({ ...identify(process.pid), pid: 2 ** 22 + 1 }));
    (await openDataDir(dir)).release();
  });

  it('is taken over if another process has the pid now', async () => {
    write('lock', JSON.stringify({ pid: process.pid, started: 'some other time' }));
    (await openDataDir(dir)).release();
  });

  it('is taken over if it was written incompletely', async () => {
    write('lock', '{"pid":');
    (await openDataDir(dir)).release();
  });

  it('goes to one of several concurrent starts', async () => {
    write('lock', JSON.stringify({ pid: process.pid, started: 'some other time' }));
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => openDataDir(dir)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('a data folder', () => {
  it('that others could read is made private with all its files, and a new one is private from the start', async () => {
    (await openDataDir(dir)).release();
    mkdirSync(join(dir, 'cognito'), { mode: 0o755 });
    write('cognito/people.json', '{}');
    for (const name of ['cognito/people.json', 'cognito', ''])
      chmodSync(join(dir, name), name ? 0o777 : 0o755);
    const { release, closed } = await openDataDir(dir);
    release();
    expect(closed).toBe(4);
    expect(['', 'cognito', 'cognito/people.json', 'parley-version'].map(mode)).toEqual([
      '700',
      '700',
      '700',
      '600',
    ]);
    expect((await openDataDir(dir)).closed).toBe(0);
    (await openDataDir(join(dir, 'new/folder'))).release();
    expect(mode('new/folder')).toBe('700');
  });

  it('of another program keeps its rights', async () => {
    write('thesis.txt', 'ten years of work');
    chmodSync(join(dir, 'thesis.txt'), 0o644);
    await expect(openDataDir(dir)).rejects.toThrow("holds files that are not Parley's");
    expect(mode('thesis.txt')).toBe('644');
  });

  it('of another program is not changed, even with --fresh', async () => {
    write('thesis.txt', 'ten years of work');
    await expect(openDataDir(dir, { fresh: true })).rejects.toThrow("holds files that are not Parley's");
    expect(readdirSync(dir)).toEqual(['thesis.txt']);
  });

  it('with a file that only looks like a stamp is not changed', async () => {
    write('parley-version', 'notes on parley');
    await expect(openDataDir(dir, { fresh: true })).rejects.toThrow("holds files that are not Parley's");
    expect(readdirSync(dir)).toEqual(['parley-version']);
  });

  it('ends the processes that an earlier run left behind, before it is emptied', async () => {
    (await openDataDir(dir)).release();
    const orphan = spawn('sleep', ['60']);
    const ended = new Promise((resolve) => orphan.once('exit', (_, signal) => resolve(signal)));
    const stranger = spawn('sleep', ['60']);
    writePidFile(join(dir, 'pids/orphan.pid'), orphan.pid ?? 0);
    write('pids/reused.pid', JSON.stringify({ pid: stranger.pid, started: 'some other time' }));
    (await openDataDir(dir, { fresh: true })).release();
    expect(await ended).toBe('SIGTERM');
    expect(stranger.kill('SIGKILL')).toBe(true);
    expect(stranger.exitCode).toBeNull();
  });

  it('is emptied by --fresh', async () => {
    (await openDataDir(dir)).release();
    write('pglite.created', '');
    (await openDataDir(dir, { fresh: true })).release();
    expect(readdirSync(dir)).toEqual(['parley-version']);
  });

  it('of an older version is upgraded step by step', async () => {
    (await openDataDir(dir, { version: 1 })).release();
    const done: string[] = [];
    const upgrades = { 1: () => void done.push('1 to 2'), 2: () => void done.push('2 to 3') };
    (await openDataDir(dir, { version: 3, upgrades })).release();
    expect(done).toEqual(['1 to 2', '2 to 3']);
    expect(read('parley-version')).toBe('3\n');
  });

  it('keeps the version it reached if a step fails, and releases the lock', async () => {
    (await openDataDir(dir, { version: 1 })).release();
    const fail = () => {
      throw new Error('disk full');
    };
    await expect(openDataDir(dir, { version: 3, upgrades: { 1: () => {}, 2: fail } })).rejects.toThrow(
      'disk full',
    );
    expect(readdirSync(dir)).toEqual(['parley-version']);
    expect(read('parley-version')).toBe('2\n');
  });

  it('that is too old to upgrade is refused with the remedy', async () => {
    (await openDataDir(dir, { version: 1 })).release();
    await expect(openDataDir(dir, { version: 2 })).rejects.toThrow('Delete the data with --fresh.');
  });

  it('of a newer version is refused, and can be deleted', async () => {
    (await openDataDir(dir, { version: 2 })).release();
    await expect(openDataDir(dir, { version: 1 })).rejects.toThrow('Update Parley');
    (await openDataDir(dir, { version: 1, fresh: true })).release();
    expect(read('parley-version')).toBe('1\n');
  });

  it('keeps the first secret', () => {
    const secret = storedSecret(dir, 'cursor-secret');
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(storedSecret(dir, 'cursor-secret')).toBe(secret);
  });

  it('has a settings file that a shell can source, whatever the values', () => {
    const value = 'postgres://it\'s $HOME "quoted"';
    writeEnvFile(dir, { DATABASE_URL: value });
    const told = execFileSync('bash', ['-c', `source '${dir}/env' && printf %s "$DATABASE_URL"`]);
    expect(told.toString()).toBe(value);
    removeEnvFile(dir);
    expect(readdirSync(dir)).toEqual([]);
  });
});
