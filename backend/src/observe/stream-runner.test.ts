import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { urlOf } from '../http/server.ts';
import { createWorld, type World } from '../testing/world.ts';
import { createLogger } from './logger.ts';
import { createStreamRunner } from './stream-runner.ts';

let calls: string[] = [];
let [underWay, mostUnderWay] = [0, 0];
/** Calls to the runner are answered once this resolves. */
let answered: Promise<void> = Promise.resolve();

async function called(times: number) {
  while (calls.length < times || underWay > 0) await sleep(5);
}
const server = createServer(async (req, res) => {
  calls.push(`${req.method} ${req.url}`);
  underWay += 1;
  mostUnderWay = Math.max(mostUnderWay, underWay);
  await answered;
  underWay -= 1;
  res.writeHead(204).end();
});

let world: World;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  world = await createWorld();
});
afterAll(async () => {
  await world.close();
  server.close().closeAllConnections();
});

describe('the stream runner', () => {
  it('is woken by a write', async () => {
    const api = await world.node({ RUNNER_URL: urlOf(server) });
    const [ada] = [await world.person('ada'), await world.person('ben')];
    calls = [];
    await api.post('/api/messages', { as: ada, body: { handle: 'ben', message: 'hello' } });
    await called(1);
    expect(calls).toEqual(['POST /wake']);
  });

  it('gets one call at a time, and one more for all wakes during it', async () => {
    const runner = createStreamRunner(urlOf(server), createLogger('silent'));
    [calls, mostUnderWay] = [[], 0];
    let answer = () => {};
    answered = new Promise((resolve) => {
      answer = resolve;
    });
    for (let call = 0; call < 100; call += 1) runner.wake();
    while (calls.length === 0) await sleep(5);
    for (let call = 0; call < 100; call += 1) runner.wake();
    answer();
    await called(2);
    await sleep(50);
    expect(calls).toEqual(['POST /wake', 'POST /wake']);
    expect(mostUnderWay).toBe(1);
  });

  it('may be unreachable or not configured without an effect on sends', async () => {
    const api = await world.node({ RUNNER_URL: 'http://127.0.0.1:9' });
    const [cleo] = [await world.person('cleo'), await world.person('dora')];
    for (const seq of [1, 2]) {
      const { body } = await api.post('/api/messages', {
        as: cleo,
        body: { handle: 'dora', message: 'hello' },
      });
      expect(body.seq).toBe(seq);
    }
    createStreamRunner('', createLogger('silent')).wake();
  });
});
