import { STATUS_CODES } from 'node:http';
import { OpenAPIRegistry, OpenApiGeneratorV31, type ResponseConfig } from '@asteasolutions/zod-to-openapi';
import { type ErrorCode, statusOf } from '@parley/contract/errors';
import { problemSchema } from '@parley/contract/problem';
import { z } from '@parley/contract/zod';
import type { HeaderName, Route } from './route.ts';

const headerSchemas = {
  Link: z.string().optional().openapi({ description: 'The next page, with `rel="next"`' }),
  'Parley-Unread-Conversations': z
    .string()
    .regex(/^(\d{1,2}|99\+)$/)
    .optional()
    .openapi({
      description: 'How many of the 100 newest conversations have something unread; first page only',
    }),
} satisfies Record<HeaderName, z.ZodType>;

const requestIdHeader = { 'X-Request-Id': z.string() };

export type OpenApiDocument = ReturnType<typeof describe>;

/** The OpenAPI 3.1 document, made from the schemas that validate requests. */
export function describe(routes: Route[]) {
  const registry = new OpenAPIRegistry();
  const { name } = registry.registerComponent('securitySchemes', 'accessToken', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token of the user pool',
  });
  registry.register('Problem', problemSchema);
  for (const route of routes) {
    registry.registerPath({
      operationId: route.operationId,
      method: route.method,
      path: route.path.replace(/:(\w+)/g, '{$1}'),
      summary: route.summary,
      security: route.isOpen ? [] : [{ [name]: [] }],
      request: requestOf(route),
      responses: { 200: success(route), ...failures(route) },
    });
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: { title: 'Parley', version: '1', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
  });
}

const requestOf = (route: Route) => ({
  params: route.params,
  query: route.query,
  headers: route.takesIdempotencyKey && z.object({ 'Idempotency-Key': idempotencyKeySchema }),
  body: route.body && { required: true, content: { 'application/json': { schema: route.body } } },
});

const idempotencyKeySchema = z.string().min(1).max(128).optional().openapi({
  description: 'Printable ASCII. A repeat with the same key answers what the first request did',
});

function success(route: Route): ResponseConfig {
  const headers = Object.fromEntries((route.headers ?? []).map((header) => [header, headerSchemas[header]]));
  return {
    description: 'OK',
    headers: z.object({ ...requestIdHeader, ...headers }),
    content: { [route.contentType ?? 'application/json']: { schema: route.response } },
  };
}

/** One response for each status that a route's codes have. */
function failures(route: Route): Record<string, ResponseConfig> {
  const codes = [...new Set(codesOf(route))];
  const refusals = [...new Set(codes.map(statusOf))].map((status) => {
    const codesOfStatus = codes.filter((code) => statusOf(code) === status);
    return [String(status), failure(status, codesOfStatus)] as const;
  });
  const sameBody = (route.statuses ?? []).map((status) => [String(status), success(route)] as const);
  return Object.fromEntries([...refusals, ...sameBody]);
}

function failure(status: number, codes: ErrorCode[]): ResponseConfig {
  return {
    description: STATUS_CODES[status] ?? 'Error',
    headers: z.object({ ...requestIdHeader, ...failureHeaders[status] }),
    content: {
      'application/json': { schema: z.array(z.enum(codes)).min(1) },
      'application/problem+json': { schema: problemSchema },
    },
  };
}

const failureHeaders: Record<number, Record<string, z.ZodType>> = {
  401: { 'WWW-Authenticate': z.string() },
  429: { 'Retry-After': z.string().regex(/^\d+$/).openapi({ description: 'Seconds' }) },
  503: { 'Retry-After': z.string().regex(/^\d+$/).openapi({ description: 'Seconds' }) },
};

const codesOf = (route: Route): ErrorCode[] => [
  ...(route.isOpen ? [] : (['generic_401', 'profile_missing', 'rate_limited', 'busy'] as const)),
  ...(route.perAddressPerMinute ? (['rate_limited', 'busy'] as const) : []),
  ...(route.params ? (['path_invalid'] as const) : []),
  ...(route.query ? (['query_invalid'] as const) : []),
  ...(route.query && 'cursor' in route.query.shape ? (['cursor_invalid'] as const) : []),
  ...(route.body ? (['json_invalid', 'payload_too_large', 'body_invalid'] as const) : []),
  ...(route.takesIdempotencyKey ? (['idempotency_key_invalid'] as const) : []),
  ...(route.errors ?? []),
  'generic_500',
];
