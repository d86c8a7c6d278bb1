import { spawn } from 'node:child_process';
import { root, stopChild } from '@parley/engines/launch';
import getPort from 'get-port';
import { timed } from '../figures.ts';
import { temporaryFolder } from '../processes.ts';
import type { Scenario } from '../scenario.ts';

const ports = ['PORT', 'RUNNER_PORT', 'DYNOXIDE_PORT', 'PGLITE_PORT', 'COGNITO_PORT', 'DELIVERY_PORT'];
const timeoutMs = 60_000;

/** Seconds from bin/start until it prints that Parley is ready, with packages installed. */
export const start: Scenario = {
  name: 'start',
  about: 'bin/start to ready, the first time and later',
  async run({ isQuick }) {
    const times = { first: [] as number[], later: [] as number[] };
    for (let round = 0; round < (isQuick ? 1 : 3); round += 1) {
      const folder = temporaryFolder();
      times.first.push(await secondsToReady(folder.path));
      times.later.push(await secondsToReady(folder.path));
      folder.remove();
    }
    const figure = (name: string, rounds: number[], atMost: number) =>
      timed('start', `bin/start to ready, ${name}`, rounds, 's', { target: { of: 'value', atMost } });
    return [figure('the first time', times.first, 10), figure('later', times.later, 5)];
  },
};

async function secondsToReady(folder: string): Promise<number> {
  const chosen = await Promise.all(ports.map(async (name) => [name, String(await getPort())]));
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, DATA_DIR: folder, ...Object.fromEntries(chosen) };
  const startedAtMs = performance.now();
  const child = spawn('bin/start', [], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = () => reject(new Error(`bin/start was not ready within ${timeoutMs} ms: ${output}`));
      const timer = setTimeout(fail, timeoutMs);
      child.once('exit', fail);
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (data) => {
          output += data;
          if (!output.includes('Parley is ready')) return;
          clearTimeout(timer);
          child.off('exit', fail);
          resolve();
        });
    });
    return (performance.now() - startedAtMs) / 1_000;
  } finally {
    await stopChild(child, 20_000);
  }
}
