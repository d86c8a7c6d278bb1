import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { createConnection, type LiveState } from './connection.ts';

/* A gateway that refuses in the same way as the real one (docs/realtime.md). */

type Answer = { code: string; retry_after?: number; close?: number };

let gateway: WebSocketServer;
let answers: Answer[];
let tokens: { token: string; atMs: number }[];

beforeEach(async () => {
  answers = [];
  tokens = [];
  gateway = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  gateway.on('connection', (socket) =>
    socket.on('message', (data) => {
      const { id, payload } = JSON.parse(String(data));
      tokens.push({ token: payload.token, atMs: performance.now() });
      const { close, ...error } = answers.shift() ?? { code: '' };
      const outcome = error.code ? { success: false, error } : { success: true, data: {} };
      socket.send(JSON.stringify({ type: 'response', request_id: id, ...outcome }));
      if (close) socket.close(close, error.code);
    }),
  );
  await new Promise((resolve) => gateway.once('listening', resolve));
});
afterEach(async () => {
  for (const socket of gateway.clients) socket.terminate();
  await new Promise((resolve) => gateway.close(resolve));
});

const url = () => `ws://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
const oneToken = { token: async () => 'token', validForMs: () => 3_600_000, renew: () => {} };

/** Resolves when the connection is online, with the tokens that the gateway refused. */
async function untilOnline() {
  const refused: string[] = [];
  let renewals = 0;
  const connection = await new Promise<ReturnType<typeof createConnection>>((resolve) => {
    const opened = createConnection({
      url: url(),
      WebSocket,
      tokens: {
        token: async () => `token-${renewals}`,
        validForMs: () => 3_600_000,
        renew(token) {
          refused.push(token);
          renewals += 1;
        },
      },
      onEvent: () => {},
      onState: (state: LiveState) => state === 'online' && resolve(opened),
    });
    opened.open();
  });
  connection.close();
  return refused;
}

test.each(['busy', 'generic_500', 'too_many_connections'])(
  'after the refusal %s the connection tries again with the same token',
  async (code) => {
    answers = [{ code }, { code }];
    expect(await untilOnline()).toEqual([]);
    expect(tokens.map(({ token }) => token)).toEqual(['token-0', 'token-0', 'token-0']);
  },
);

test('the pause in a refusal is respected, even if the gateway then closes the socket', async () => {
  answers = [{ code: 'rate_limited', retry_after: 2, close: 4429 }];
  expect(await untilOnline()).toEqual([]);
  const [first, second] = tokens;
  expect(second?.token).toBe('token-0');
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(1_990);
});

test('a refused token is renewed', async () => {
  answers = [{ code: 'generic_401', close: 4401 }];
  expect(await untilOnline()).toEqual(['token-0']);
  expect(tokens.map(({ token }) => token)).toEqual(['token-0', 'token-1']);
});

/** A connection with everything that it reports. `until` resolves at the next report of this state. */
function observed(onState: (state: LiveState) => void = () => {}) {
  const states: LiveState[] = [];
  const events: unknown[] = [];
  const waiting: { state: LiveState; resolve(): void }[] = [];
  const connection = createConnection({
    ...{ url: url(), WebSocket, tokens: oneToken, onEvent: (event) => events.push(event) },
    onState(state) {
      states.push(state);
      onState(state);
      for (const each of waiting.splice(0))
        if (each.state === state) each.resolve();
        else waiting.push(each);
    },
  });
  const until = (state: LiveState) => new Promise<void>((resolve) => waiting.push({ state, resolve }));
  return { connection, states, events, until };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('events arrive, a lost socket is replaced after the pause that the gateway names, and a closed one is not', async () => {
  const { connection, states, events, until } = observed();
  connection.open();
  await until('online');
  const [first] = gateway.clients;
  first?.send(JSON.stringify({ type: 'event', event: 'resync', data: {} }));
  const closedAt = performance.now();
  first?.close(1001, 'reconnect_after_ms=900');
  await until('online');
  expect(performance.now() - closedAt).toBeGreaterThanOrEqual(890);
  expect(events).toEqual([{ type: 'event', event: 'resync', data: {} }]);
  expect(states).toEqual(['connecting', 'online', 'waiting', 'connecting', 'online']);
  connection.close();
  await pause(100);
  expect(states).toHaveLength(5);
  await expect(connection.request('ping', {})).rejects.toThrow('not connected');
});

test('a request fails with its socket, and a retry on demand waits for no pause', async () => {
  const { connection, until } = observed();
  connection.open();
  await until('online');
  gateway.removeAllListeners('connection');
  for (const socket of gateway.clients) socket.removeAllListeners('message');
  const asked = connection.request('message.send', {});
  connection.suspend();
  await expect(asked).rejects.toThrow('connection lost');
  const opened = new Promise((resolve) => gateway.once('connection', resolve));
  connection.retryNow();
  connection.retryNow();
  await opened;
  await pause(50);
  expect(gateway.clients.size).toBe(1);
  connection.close();
});

test('a connection that its listener closes stays closed', async () => {
  const { connection, states, until } = observed((state) => state === 'waiting' && connection.close());
  connection.open();
  await until('online');
  for (const socket of gateway.clients) socket.close(1001, 'reconnect_after_ms=1');
  await until('waiting');
  await pause(100);
  expect(states).toEqual(['connecting', 'online', 'waiting']);
});
