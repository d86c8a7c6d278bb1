import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { ErrorCode } from '@parley/contract/errors';
import { Refusal } from './answers.ts';
import type { Socket } from './socket.ts';
import { createUpkeep } from './upkeep.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const socket = { readyState: 1 } as Socket;
const refusal = (code: ErrorCode) => new Refusal({ code, message: code });
const minuteMs = 60_000;

/** An upkeep with a gateway that answers the first requests with these errors. */
function world(validForMs = 60 * minuteMs, failures: (Error | undefined)[] = []) {
  const requests: string[] = [];
  const renewed: string[] = [];
  const lost: Socket[] = [];
  const tokens = {
    token: async () => 'token',
    validForMs: () => validForMs,
    renew: (token: string) => renewed.push(token),
  };
  const request = async (action: string) => {
    requests.push(action);
    const failure = failures.shift();
    if (failure) throw failure;
  };
  const upkeep = createUpkeep(tokens, request, (each) => lost.push(each));
  return { upkeep, requests, renewed, lost };
}

test('pings every 25 s, and authenticates again before the token expires', async () => {
  const { upkeep, requests } = world(100_000);
  await upkeep.authenticate();
  upkeep.start(socket);
  await jest.advanceTimersByTimeAsync(25_000);
  await jest.advanceTimersByTimeAsync(25_000);
  expect(requests).toEqual(['authenticate', 'ping', 'ping']);
  // 25 s are left then, and the next interval might come too late.
  await jest.advanceTimersByTimeAsync(25_000);
  expect(requests.at(-1)).toBe('authenticate');
  await jest.advanceTimersByTimeAsync(25_000);
  expect(requests.at(-1)).toBe('ping');
});

test('a socket whose token was ended authenticates again at the next interval', async () => {
  const { upkeep, requests } = world();
  await upkeep.authenticate();
  upkeep.forgetToken();
  upkeep.start(socket);
  await jest.advanceTimersByTimeAsync(25_000);
  expect(requests).toEqual(['authenticate', 'authenticate']);
});

test('a start replaces the last one, and a stop ends the pings', async () => {
  const { upkeep, requests } = world();
  await upkeep.authenticate();
  upkeep.start(socket);
  upkeep.start(socket);
  await jest.advanceTimersByTimeAsync(25_000);
  expect(requests).toEqual(['authenticate', 'ping']);
  upkeep.stop();
  await jest.advanceTimersByTimeAsync(minuteMs);
  expect(requests).toHaveLength(2);
});

test('a refused token is renewed, but not if the gateway is only busy', async () => {
  const failures = [refusal('busy'), refusal('generic_401')];
  const { upkeep, renewed } = world(undefined, failures);
  await expect(upkeep.authenticate()).rejects.toThrow('busy');
  expect(renewed).toEqual([]);
  await expect(upkeep.authenticate()).rejects.toThrow('generic_401');
  expect(renewed).toEqual(['token']);
});

test('a socket is lost after a ping without an answer, but not after a refused ping', async () => {
  const { upkeep, lost } = world(undefined, [undefined, refusal('rate_limited'), new Error('no answer')]);
  await upkeep.authenticate();
  upkeep.start(socket);
  await jest.advanceTimersByTimeAsync(25_000);
  expect(lost).toEqual([]);
  await jest.advanceTimersByTimeAsync(25_000);
  expect(lost).toEqual([socket]);
});
