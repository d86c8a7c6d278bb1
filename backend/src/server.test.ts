import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '@parley/config/config';
import { createLogger } from './logger.ts';
import { start } from './server.ts';
import { freePort } from './testing/free-port.ts';
import { createWorld, type World } from './testing/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

async function startApi() {
  const config = loadConfig({ ...world.env, PORT: await freePort(), DELIVERY_PORT: await freePort() });
  return { ...(await start(config, createLogger('silent'))), config };
}

/** Sends bytes to a server and resolves to all it answers. */
function exchange(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.setEncoding('utf8').on('data', (data) => {
      answer += data;
    });
    socket.on('end', () => resolve(answer)).on('error', reject);
  });
}

describe('a stop', () => {
  it('finishes requests in flight, refuses new ones, and does not wait for idle connections', async () => {
    const ada = await world.person('ada');
    const api = await startApi();
    const headers = { Authorization: `Bearer ${ada.token}` };
    await (await fetch(`${api.url}/api/profile`, { headers })).text();
    const { hostname, port } = new URL(api.url);
    const silent = connect(Number(port), hostname);
    await sleep(50);

    // A sign-out answers when its second is over.
    const inFlight = fetch(`${api.url}/api/sign-out`, { method: 'POST', headers });
    await sleep(100);
    const startedAt = performance.now();
    const stopped = api.stop();
    await sleep(20);
    await expect(fetch(`${api.url}/api/health-check`)).rejects.toThrow();
    const answer = await inFlight;
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({});
    await stopped;
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    silent.destroy();
  });

  it('leaves the port to the next start', async () => {
    const first = await startApi();
    await expect(start(first.config, createLogger('silent'))).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await first.stop();
    const second = await start(first.config, createLogger('silent'));
    expect((await fetch(`${second.url}/api/ready`)).status).toBe(200);
    await second.stop();
  });
});

describe('a request that is no HTTP, or has too many headers', () => {
  it('is answered in the form of all errors', async () => {
    const api = await startApi();
    const answers: [string, string, string][] = [
      ['nonsense\r\n\r\n', '400', '["request_invalid"]'],
      ['GET /api/profile HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n', '400', '["request_invalid"]'],
      [
        `GET /api/profile HTTP/1.1\r\nHost: x\r\nX-Big: ${'x'.repeat(20_000)}\r\n\r\n`,
        '431',
        '["headers_too_large"]',
      ],
    ];
    for (const [text, status, body] of answers) {
      const answer = await exchange(api.url, text);
      expect(answer).toContain(`HTTP/1.1 ${status} `);
      expect(answer).toContain('Connection: close');
      expect(answer.endsWith(`\r\n\r\n${body}`)).toBe(true);
    }
    await api.stop();
  });
});
