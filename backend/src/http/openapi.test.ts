import { expect, describe as group, it } from '@jest/globals';
import { z } from '@parley/contract/zod';
import { describe } from './openapi.ts';
import type { Route } from './route.ts';

const base = {
  operationId: 'getThing',
  method: 'get',
  path: '/things/:uuid/parts/:part_uuid',
  summary: 'Get a thing',
  response: z.object({ uuid: z.string() }),
  isOpen: false,
  handle: () => ({}),
} as unknown as Route;

// biome-ignore lint/suspicious/noExplicitAny: what the document holds is what the tests are about.
type Operation = any;

/** The operation of one route in its document. */
function operationOf(part: Partial<Route>): Operation {
  const { paths } = JSON.parse(JSON.stringify(describe([{ ...base, ...part }])));
  return Object.values<Record<string, Operation>>(paths)
    .flatMap((methods) => Object.values(methods))
    .at(0);
}

/** The codes of each status. */
const codesOf = (part: Partial<Route>): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries<Operation>(operationOf(part).responses).map(([status, { content }]) => [
      status,
      content['application/json']?.schema.items?.enum,
    ]),
  );

group('an operation', () => {
  it('has the path, name and parameters of its route', () => {
    const params = z.object({ uuid: z.uuid(), part_uuid: z.uuid() });
    const { paths } = describe([{ ...base, params, query: z.object({ limit: z.number() }) }]);
    expect(Object.keys(paths ?? {})).toEqual(['/things/{uuid}/parts/{part_uuid}']);
    const operation = operationOf({ params, query: z.object({ limit: z.number() }) });
    expect(operation).toMatchObject({ operationId: 'getThing', summary: 'Get a thing' });
    expect(operation.parameters.map(({ name, in: place }: Operation) => [place, name])).toEqual([
      ['path', 'uuid'],
      ['path', 'part_uuid'],
      ['query', 'limit'],
    ]);
  });

  it('needs a token, unless the route is open', () => {
    expect(operationOf({}).security).toEqual([{ accessToken: [] }]);
    expect(operationOf({ isOpen: true }).security).toEqual([]);
  });

  it('has an idempotency key if the route has one, and a required body', () => {
    const { parameters, requestBody } = operationOf({
      ...{ method: 'post', takesIdempotencyKey: true, body: z.object({ message: z.string() }) },
    });
    expect(parameters).toMatchObject([{ in: 'header', name: 'Idempotency-Key', schema: { maxLength: 128 } }]);
    expect(parameters[0].required).not.toBe(true);
    expect(requestBody).toMatchObject({ required: true });
    expect(requestBody.content['application/json'].schema.required).toEqual(['message']);
  });
});

group('a refusal', () => {
  it('has the error codes that the parts of a route imply, by status', () => {
    expect(codesOf({ isOpen: true })).toEqual({ 200: undefined, 500: ['generic_500'] });
    expect(codesOf({})).toEqual({
      200: undefined,
      401: ['generic_401'],
      403: ['profile_missing'],
      429: ['rate_limited'],
      500: ['generic_500'],
      503: ['busy'],
    });
    expect(codesOf({ isOpen: true, perAddressPerMinute: 120 })).toMatchObject({
      429: ['rate_limited'],
      503: ['busy'],
    });
    const body = z.object({});
    expect(codesOf({ isOpen: true, body, takesIdempotencyKey: true })).toEqual({
      200: undefined,
      400: ['json_invalid'],
      413: ['payload_too_large'],
      422: ['body_invalid', 'idempotency_key_invalid'],
      500: ['generic_500'],
    });
  });

  it('of a query names the cursor only if there is one', () => {
    const codes = (query: z.ZodObject) => Object.values(codesOf({ isOpen: true, query })).flat();
    expect(codes(z.object({ limit: z.number() }))).toContain('query_invalid');
    expect(codes(z.object({ limit: z.number() }))).not.toContain('cursor_invalid');
    expect(codes(z.object({ cursor: z.string() }))).toContain('cursor_invalid');
  });

  it('lists a code of the route once, even if its parts imply it too', () => {
    const codes = codesOf({ errors: ['message_group_not_found', 'busy'] });
    expect(codes).toMatchObject({ 404: ['message_group_not_found'], 503: ['busy'] });
  });

  it('is a list or a problem, and tells how long to wait', () => {
    const { responses } = operationOf({});
    expect(Object.keys(responses[503].content)).toEqual(['application/json', 'application/problem+json']);
    for (const status of [429, 503]) expect(Object.keys(responses[status].headers)).toContain('Retry-After');
    expect(Object.keys(responses[401].headers)).toContain('WWW-Authenticate');
    expect(Object.keys(responses[500].headers)).toEqual(['X-Request-Id']);
  });
});

group('a success', () => {
  it('has the headers, the type and the other statuses of the route', () => {
    const { responses } = operationOf({
      headers: ['Link'],
      statuses: [202],
      contentType: 'application/x-ndjson',
    });
    for (const status of [200, 202]) {
      expect(Object.keys(responses[status].headers)).toEqual(['X-Request-Id', 'Link']);
      expect(Object.keys(responses[status].content)).toEqual(['application/x-ndjson']);
    }
    expect(responses[200].headers.Link.required).not.toBe(true);
    expect(responses[200].headers['X-Request-Id'].required).toBe(true);
  });
});
