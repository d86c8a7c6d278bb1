import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from '@jest/globals';
import WebSocket, { WebSocketServer } from 'ws';
import { type Connection, createConnection } from './connection.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A connection of the gateway, and the client at its other end. */
async function connected(options: { autoPong?: boolean; pingMs?: number }) {
  const wss = new WebSocketServer({ noServer: true });
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = new Promise<Connection>((resolve) => {
    server.on('upgrade', (req, socket, head) =>
      wss.handleUpgrade(req, socket, head, (ws) =>
        resolve(
          createConnection(ws, {
            bufferBytes: 1_000,
            framesPerSecond: 0,
            ...(options.pingMs && { pingMs: options.pingMs }),
          }),
        ),
      ),
    );
  });
  const { port } = server.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { autoPong: options.autoPong ?? true });
  const closed = once(client, 'close');
  closers.push(
    () => client.terminate(),
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return { connection: await accepted, client, closed };
}

it('pings its peer, and drops one that does not answer', async () => {
  const alive = await connected({ pingMs: 100 });
  const dead = await connected({ pingMs: 100, autoPong: false });
  let pings = 0;
  alive.client.on('ping', () => {
    pings += 1;
  });
  const [code] = await dead.closed;
  expect(code).toBe(1006);
  while (pings < 5) await sleep(20);
  expect(alive.client.readyState).toBe(WebSocket.OPEN);
});

it('sends the frames of a moment in order', async () => {
  const { connection, client } = await connected({});
  const heard: string[] = [];
  client.on('message', (data) => heard.push(String(data)));
  for (const text of ['1', '2', '3']) connection.send(Buffer.from(text));
  while (heard.length < 3) await sleep(5);
  connection.send(Buffer.from('4'));
  connection.close(1001, 'bye');
  const [code] = await once(client, 'close');
  expect([heard, code]).toEqual([['1', '2', '3', '4'], 1001]);
});
