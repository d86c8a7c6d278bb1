import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '@parley/config/config';
import express from 'express';
import { createApp } from '../app.ts';
import { createLogger } from '../observe/logger.ts';
import { start } from '../start.ts';
import { freePort } from '../testing/free-port.ts';
import { createWorld, type World } from '../testing/world.ts';
import { createHttpServer } from './server.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

async function startApi() {
  const config = loadConfig({ ...world.env, PORT: await freePort(), DELIVERY_PORT: await freePort() });
  return { ...(await start(config, createLogger('silent'))), config };
}

/** Sends a text to a server and resolves to its whole answer. */
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

    // A sign-out takes up to a second to answer.
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

describe('an idle connection', () => {
  it('stays open while the server is at work: a slow answer arrives, and so do lines after a pause', async () => {
    const app = express();
    app.get('/late', (_req, res) => void sleep(1_200).then(() => res.end('late')));
    app.get('/lines', (_req, res) => {
      res.write('one ');
      void sleep(1_200).then(() => res.end('two'));
    });
    const server = createHttpServer(app, 300, 300);
    const url = await server.listen(0, '127.0.0.1');
    const texts = await Promise.allSettled(
      ['late', 'lines'].map(async (path) => (await fetch(`${url}/${path}`)).text()),
    );
    // None of these connections stays open for good.
    while ((await server.connections()) > 0) await sleep(20);
    await server.close();
    expect(texts).toMatchObject([{ value: 'late' }, { value: 'one two' }]);
  });

  it('is closed if the headers do not arrive, or if the reader of an export stalls, whose place is freed', async () => {
    const api = await startApi();
    expect(await exchange(api.url, 'GET /api/profile HTTP/1.1\r\nHost: x\r\n')).toMatch(/^HTTP\/1.1 408 /);
    await api.stop();

    const node = await world.node({ MESSAGE_MAX_CHARS: '60000' });
    const server = createHttpServer(createApp(node.ctx), 5_000, 500);
    const url = await server.listen(0, '127.0.0.1');
    const zoe = await world.person('zoe');
    await world.person('yan');
    // More than the buffers of the kernel hold.
    const message = 'x'.repeat(60_000);
    const body = { handle: 'yan', message };
    for (let round = 0; round < 15; round += 1)
      await Promise.all(Array.from({ length: 20 }, () => node.post('/api/messages', { as: zoe, body })));
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () =>
      socket.write(
        `GET /api/profile/export HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${zoe.token}\r\n\r\n`,
      ),
    );
    socket.on('error', () => {}).once('data', () => socket.pause());
    while (node.ctx.overload.inFlight() === 0) await sleep(10);
    while (node.ctx.overload.inFlight() > 0) await sleep(10);
    // With the default limit, because a slow engine may take longer than half a second for a page.
    const again = await fetch(`${node.url}/api/profile/export`, {
      headers: { Authorization: `Bearer ${zoe.token}` },
    });
    expect(again.status).toBe(200);
    expect((await again.text()).length).toBeGreaterThan(300 * message.length);
    socket.destroy();
    await server.close();
  }, 60_000);
});

describe('a request that is not HTTP, or has too many headers', () => {
  it('is answered with a list of codes', async () => {
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
