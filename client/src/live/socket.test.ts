import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, jest, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { openSocket } from './socket.ts';

const addressOf = (server: { address(): unknown }) =>
  `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** What a socket to this address reports, in order. */
function observed(url: string) {
  const reports: unknown[] = [];
  let report = () => {};
  const add = (...parts: unknown[]) => {
    reports.push(parts);
    report();
  };
  const socket = openSocket(WebSocket, url, {
    onOpen: () => add('open'),
    onFrame: (frame) => add('frame', frame),
    onLost: (code, reason) => add('lost', code, reason),
  });
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      report = () => reports.length >= count && resolve();
      report();
    });
  return { socket, reports, until };
}

test('reports the opening, each frame, and the close with its code and reason', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.send(JSON.stringify({ type: 'event', event: 'resync', data: {} }));
    socket.close(4401, 'generic_401');
  });
  await once(server, 'listening');
  const { reports, until } = observed(addressOf(server));
  await until(3);
  server.close();
  expect(reports).toEqual([
    ['open'],
    ['frame', { type: 'event', event: 'resync', data: {} }],
    ['lost', 4401, 'generic_401'],
  ]);
});

test('a refused connection is reported as lost, without an unhandled error', async () => {
  const { reports, until } = observed('ws://127.0.0.1:1');
  await until(1);
  expect(reports).toEqual([['lost', 1006, '']]);
});

test('a socket that does not open within 10 s is lost', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
  const { socket, reports } = observed(addressOf(server));
  await once(server, 'connection');
  jest.advanceTimersByTime(9_999);
  expect(reports).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(reports).toEqual([['lost', undefined, undefined]]);
  jest.useRealTimers();
  socket.close();
  server.close();
});
