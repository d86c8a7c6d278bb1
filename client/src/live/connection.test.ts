import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { createConnection, type LiveState } from './connection.ts';

/* A gateway that refuses as the real one does (docs/realtime.md). */

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

/** Resolves when the connection is online, with the tokens that the gateway refused. */
async function untilOnline() {
  const refused: string[] = [];
  let renewals = 0;
  const connection = await new Promise<ReturnType<typeof createConnection>>((resolve) => {
    const opened = createConnection({
      url: `ws://127.0.0.1:${(gateway.address() as AddressInfo).port}`,
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
  'a gateway that answers %s is asked again with the same token',
  async (code) => {
    answers = [{ code }, { code }];
    expect(await untilOnline()).toEqual([]);
    expect(tokens.map(({ token }) => token)).toEqual(['token-0', 'token-0', 'token-0']);
  },
);

test('a gateway that says when to come back is not asked sooner, and its close does not change that', async () => {
  answers = [{ code: 'rate_limited', retry_after: 2, close: 4429 }];
  expect(await untilOnline()).toEqual([]);
  const [first, second] = tokens;
  expect(second?.token).toBe('token-0');
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(1_990);
});

test('a token that is refused is renewed', async () => {
  answers = [{ code: 'generic_401', close: 4401 }];
  expect(await untilOnline()).toEqual(['token-0']);
  expect(tokens.map(({ token }) => token)).toEqual(['token-0', 'token-1']);
});
