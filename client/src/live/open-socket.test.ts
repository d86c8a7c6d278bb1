import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { openSocket } from './open-socket.ts';

/* A gateway that accepts only one token, and counts the connections. */

let gateway: WebSocketServer;
let arrivals: number;

beforeEach(async () => {
  arrivals = 0;
  gateway = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  gateway.on('connection', (socket) => {
    arrivals += 1;
    socket.on('message', (data) => {
      const { id, payload } = JSON.parse(String(data));
      const outcome =
        payload.token === 'good'
          ? { success: true, data: {} }
          : { success: false, error: { code: 'generic_401' } };
      socket.send(JSON.stringify({ type: 'response', request_id: id, ...outcome }));
    });
  });
  await new Promise((resolve) => gateway.once('listening', resolve));
});
afterEach(async () => {
  for (const socket of gateway.clients) socket.terminate();
  await new Promise((resolve) => gateway.close(resolve));
});

const open = (token: string) => {
  const url = `ws://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
  return openSocket({ url, WebSocket, token, onEvent: () => {} });
};

/** The longest first pause of a connection is half a second. */
const longerThanAPause = () => new Promise((resolve) => setTimeout(resolve, 700));

test('a lost socket is not opened again', async () => {
  const socket = await open('good');
  for (const each of gateway.clients) each.terminate();
  await socket.closed;
  await longerThanAPause();
  expect(arrivals).toBe(1);
  await expect(socket.request('ping', {})).rejects.toThrow('not connected');
});

test('a refused socket rejects without a retry', async () => {
  await expect(open('bad')).rejects.toThrow('accepts no socket');
  await longerThanAPause();
  expect(arrivals).toBe(1);
});
