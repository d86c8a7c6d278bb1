import { describe, expect, it } from '@jest/globals';
import { z } from '@parley/contract/zod';
import { AppError } from '@parley/core/errors';
import type { Request } from 'express';
import { bearerToken, openRoute, parse, type Route, read, route } from './route.ts';

/** The parts of a request that a route reads. */
function request({
  headers = {},
  ...parts
}: Partial<Record<'params' | 'query' | 'headers', object>> & { body?: unknown } = {}) {
  const named = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { ...parts, get: (name: string) => named.get(name.toLowerCase()) } as unknown as Request;
}

function codesOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return error.codes;
    throw error;
  }
  return [];
}

const definition = {
  operationId: 'sendThing',
  method: 'post',
  path: '/things/:uuid',
  summary: 'Send a thing',
  params: z.object({ uuid: z.uuid() }),
  query: z.object({ limit: z.coerce.number().max(10).default(5) }),
  body: z.object({
    message: z.string('message_blank').min(1, 'message_blank'),
    handle: z.string('user_reciever_handle_blank'),
    count: z.number().optional(),
  }),
  takesIdempotencyKey: true,
  response: z.object({}),
  handle: () => ({}),
} as const;
const thing = route(definition) as unknown as Route;
const uuid = '11111111-1111-4111-8111-111111111111';
const whole = { params: { uuid }, query: {}, body: { message: 'hello', handle: 'ben' } };

it('is for people who are signed in, unless it is open', () => {
  expect(thing.isOpen).toBe(false);
  expect(openRoute(definition).isOpen).toBe(true);
});

describe('the input of a route', () => {
  it('is parsed and typed by its schemas, without fields that they do not name', () => {
    const body = { ...whole.body, extra: 1 };
    const headers = { 'Idempotency-Key': 'key-1' };
    expect(read(thing, request({ ...whole, body, headers }))).toEqual({
      ...{ params: { uuid }, query: { limit: 5 }, body: whole.body, idempotencyKey: 'key-1' },
    });
  });

  it('has only the parts that the route declares', () => {
    const bare = {
      ...thing,
      params: undefined,
      query: undefined,
      body: undefined,
      takesIdempotencyKey: undefined,
    };
    const headers = { 'Idempotency-Key': 'not\na key' };
    expect(read(bare as unknown as Route, request({ ...whole, headers }))).toEqual({ params: {}, query: {} });
  });

  it.each([
    ['a path', { params: { uuid: 'x' } }, 'path_invalid'],
    ['a query', { query: { limit: '11' } }, 'query_invalid'],
    ['a body that is missing', { body: undefined }, 'json_invalid'],
    ['a body that is null', { body: null }, 'body_invalid'],
    ['a key that is empty', { headers: { 'Idempotency-Key': '' } }, 'idempotency_key_invalid'],
    [
      'a key that is too long',
      { headers: { 'Idempotency-Key': 'k'.repeat(129) } },
      'idempotency_key_invalid',
    ],
    ['a key that is not printable', { headers: { 'Idempotency-Key': 'a\tb' } }, 'idempotency_key_invalid'],
  ])('is refused for %s', (_, change, code) => {
    expect(codesOf(() => read(thing, request({ ...whole, ...change })))).toEqual([code]);
  });

  it('is refused with each code of an invalid body once, and with body_invalid for a field without a code', () => {
    const codes = (body: unknown) => codesOf(() => read(thing, request({ ...whole, body })));
    expect(codes({})).toEqual(['message_blank', 'user_reciever_handle_blank']);
    expect(codes({ ...whole.body, count: 'many' })).toEqual(['body_invalid']);
    const twice = z.object({ a: z.string('message_blank'), b: z.string('message_blank') });
    expect(codesOf(() => parse(twice, {}, 'body_invalid'))).toEqual(['message_blank']);
  });
});

describe('the token of a request', () => {
  it.each(['Bearer abc.def-1_2', 'bearer abc.def-1_2', 'BEARER   abc.def-1_2'])(
    'is read from %j',
    (Authorization) => {
      expect(bearerToken(request({ headers: { Authorization } }))).toBe('abc.def-1_2');
    },
  );

  it.each([
    undefined,
    '',
    'abc.def',
    'Bearer',
    'Bearer ',
    'Basic abc',
    'Bearer a b',
    'Bearer a,b',
    'xBearer abc',
  ])('is missing in %j', (Authorization) => {
    const headers = Authorization === undefined ? {} : { Authorization };
    expect(codesOf(() => bearerToken(request({ headers })))).toEqual(['generic_401']);
  });
});
