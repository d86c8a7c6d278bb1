import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it, jest } from '@jest/globals';
import WebSocket, { WebSocketServer } from 'ws';
import { type Connection, createConnection } from './connection.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A connection of the gateway, with the client at its other end. */
async function connected(options: { autoPong?: boolean; pingMs?: number; bufferBytes?: number }) {
  const wss = new WebSocketServer({ noServer: true });
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = new Promise<{ connection: Connection; socket: Duplex }>((resolve) => {
    server.on('upgrade', (req, socket, head) =>
      wss.handleUpgrade(req, socket, head, (ws) => {
        const connection = createConnection(ws, socket, {
          bufferBytes: options.bufferBytes ?? 1_000,
          framesPerSecond: 0,
          ...(options.pingMs && { pingMs: options.pingMs }),
        });
        resolve({ connection, socket });
      }),
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
  await once(client, 'open');
  return { ...(await accepted), client, closed };
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

it('sends frames of one turn in order', async () => {
  const { connection, client } = await connected({});
  const received: string[] = [];
  client.on('message', (data) => received.push(String(data)));
  for (const text of ['1', '2', '3']) connection.send(Buffer.from(text));
  while (received.length < 3) await sleep(5);
  connection.send(Buffer.from('4'));
  connection.close(1001, 'bye');
  const [code] = await once(client, 'close');
  expect([received, code]).toEqual([['1', '2', '3', '4'], 1001]);
});

it('accepts more frames in one turn than a peer that does not read may have buffered', async () => {
  const bufferBytes = 200_000;
  const { connection, client } = await connected({ bufferBytes });
  let received = 0;
  client.on('message', (data) => {
    received += (data as Buffer).length;
  });
  const frame = Buffer.alloc(1_000, 'x');
  const frames = (2 * bufferBytes) / frame.length;
  for (let sent = 0; sent < frames; sent += 1) connection.send(frame);
  while (received < frames * frame.length && client.readyState === WebSocket.OPEN) await sleep(5);
  expect([received, client.readyState]).toEqual([frames * frame.length, WebSocket.OPEN]);
});

it('writes the frames of one turn at once', async () => {
  const { connection, client, socket } = await connected({});
  let received = 0;
  client.on('message', () => {
    received += 1;
  });
  const writes = jest.spyOn(socket as Socket, '_writev' as never);
  for (const text of ['1', '2', '3']) connection.send(Buffer.from(text));
  while (received < 3) await sleep(5);
  expect(writes).toHaveBeenCalledTimes(1);
});
