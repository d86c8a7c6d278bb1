import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { keepOutput } from '@parley/engines/testing/suite-log';
import { freePort } from './testing/free-port.ts';
import { createWorld, type World } from './testing/world.ts';

let world: World;
let children: ChildProcess[] = [];
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
});

/** The API as a process of its own, forked like the start script does. */
function run(env: Record<string, string>) {
  const child = fork(join(import.meta.dirname, 'main.ts'), {
    execArgv: ['--import', 'tsx'],
    env: {
      ...process.env,
      ...world.env,
      NODE_OPTIONS: '',
      LOG_LEVEL: 'debug',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  children.push(child);
  keepOutput(child.stdout, child.stderr);
  let [output, errors] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (data) => {
    output += data;
  });
  child.stderr?.setEncoding('utf8').on('data', (data) => {
    errors += data;
  });
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal, output, errors }));
  const url = async () => {
    for (;;) {
      const [, found] = /"url":"([^"]+)"/.exec(output) ?? [];
      if (found) return found;
      if (child.exitCode !== null) throw new Error(`It ended: ${errors}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { child, ended, url };
}

describe('the process of the API', () => {
  it('ends if the process that forked it ends during its start', async () => {
    const api = run({ PORT: await freePort(), DELIVERY_PORT: await freePort() });
    api.child.disconnect();
    expect(await api.ended).toMatchObject({ code: 0, errors: '' });
  }, 40_000);

  it('serves until it is asked to stop; a second process prints one line that the port is taken', async () => {
    const port = await freePort();
    const api = run({ PORT: port, DELIVERY_PORT: await freePort() });
    expect((await fetch(`${await api.url()}/api/ready`)).status).toBe(200);
    const second = await run({ PORT: port, DELIVERY_PORT: await freePort() }).ended;
    expect([second.code, second.errors]).toEqual([
      1,
      `Port ${port} is taken. Stop what uses it, or set PORT to another one.\n`,
    ]);
    api.child.kill('SIGTERM');
    const { code, output, errors } = await api.ended;
    expect([code, errors]).toEqual([0, '']);
    expect(output).toContain('the API has stopped');
  });

  it('stops with the process that forked it', async () => {
    const api = run({ PORT: await freePort(), DELIVERY_PORT: await freePort() });
    await api.url();
    api.child.disconnect();
    expect((await api.ended).code).toBe(0);
  });

  it('prints one line about an invalid configuration', async () => {
    const { code, errors } = await run({ DATABASE_POOL_SIZE: 'many' }).ended;
    expect([code, errors]).toEqual([1, 'Wrong configuration. DATABASE_POOL_SIZE: expects a whole number\n']);
  });
});
