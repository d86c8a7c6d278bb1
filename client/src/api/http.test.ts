import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { fixedToken } from '../tokens.ts';
import type { ApiError } from './errors.ts';
import { createHttp } from './http.ts';

/* A server that accepts only one token, and the tokens that it received. */

const got: (string | undefined)[] = [];
const server = createServer((req, res) => {
  got.push(req.headers.authorization);
  res.statusCode = req.headers.authorization === 'Bearer good' ? 200 : 401;
  res
    .setHeader('Retry-After', '2')
    .end(JSON.stringify(res.statusCode === 200 ? { ok: true } : ['generic_401']));
});
let url: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  got.length = 0;
});
afterAll(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));

test('a request whose token is refused is repeated once with the token that follows', async () => {
  const tokens = ['old', 'good'];
  const http = createHttp({ token: async () => tokens[0] ?? '', renew: () => tokens.shift() }, fetch, url);
  expect(await http.call('/api/profile')).toEqual({ ok: true });
  expect(got).toEqual(['Bearer old', 'Bearer good']);
});

test('a request whose token cannot be renewed is sent once, and refused with status, code and pause', async () => {
  const refused = createHttp(fixedToken('bad'), fetch, url).call('/api/profile');
  await expect(refused).rejects.toMatchObject({ status: 401, codes: ['generic_401'], retryAfterMs: 2_000 });
  expect(got).toEqual(['Bearer bad']);
});

test('the error of a request without an answer has the failure as its cause', async () => {
  const unreachable = createHttp(fixedToken('good'), fetch, 'http://127.0.0.1:9').call('/api/profile');
  const error = await unreachable.catch((reason: ApiError) => reason);
  expect(error).toMatchObject({ status: 0, codes: ['no_answer'] });
  expect(error).toHaveProperty('cause.message', 'fetch failed');
});
