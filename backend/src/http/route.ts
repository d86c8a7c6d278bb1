import { type ErrorCode, isErrorCode } from '@parley/contract/errors';
import { wellFormedKey } from '@parley/contract/fields';
import type { z } from '@parley/contract/zod';
import { AppError } from '@parley/core/errors';
import type { Request, Response } from 'express';
import type { Session } from '../auth/sessions.ts';

type Schema = z.ZodType;

/** A response header a route may set, for the OpenAPI document. */
export type HeaderName = 'Link' | 'Parley-Unread-Conversations';

/** A handler's input, parsed and typed by the route's schemas. */
export type OpenInput<P extends z.ZodObject, Q extends z.ZodObject, B extends Schema> = {
  params: z.output<P>;
  query: z.output<Q>;
  body: z.output<B>;
  /** The Idempotency-Key header, on routes with `takesIdempotencyKey`. */
  idempotencyKey: string | undefined;
  req: Request;
  res: Response;
};
export type Input<P extends z.ZodObject, Q extends z.ZodObject, B extends Schema> = OpenInput<P, Q, B> &
  Session;

type Definition<P extends z.ZodObject, Q extends z.ZodObject, B extends Schema, R extends Schema> = {
  /** The name in generated clients. It never changes. */
  operationId: string;
  method: 'get' | 'post' | 'put' | 'delete';
  /** In Express syntax. */
  path: string;
  summary: string;
  params?: P;
  query?: Q;
  body?: B;
  takesIdempotencyKey?: true;
  /** Limits an open route that costs something, per address. Its requests also count as in flight. */
  perAddressPerMinute?: number;
  response: R;
  /** Lines of JSON, sent as the handler yields them. The default is one JSON body. */
  contentType?: 'application/x-ndjson';
  /** Other statuses that answer with the body of 200. */
  statuses?: number[];
  headers?: HeaderName[];
  /** Codes beyond those that follow from the parts above. */
  errors?: ErrorCode[];
};

/** A route without sign-in. */
export function openRoute<P extends z.ZodObject, Q extends z.ZodObject, B extends Schema, R extends Schema>(
  route: Definition<P, Q, B, R> & {
    handle(input: OpenInput<P, Q, B>): z.input<R> | Promise<z.input<R>>;
  },
) {
  return { ...route, isOpen: true };
}

/** A route that needs an access token. */
export function route<P extends z.ZodObject, Q extends z.ZodObject, B extends Schema, R extends Schema>(
  route: Definition<P, Q, B, R> & { handle(input: Input<P, Q, B>): z.input<R> | Promise<z.input<R>> },
) {
  return { ...route, isOpen: false };
}

export type Route = Definition<z.ZodObject, z.ZodObject, Schema, Schema> & {
  isOpen: boolean;
  handle(input: Input<z.ZodObject, z.ZodObject, Schema>): unknown;
};

/** Parses a request with the route's schemas. Throws the code of the first invalid part, or all codes of the body. */
export function read(route: Route, req: Request) {
  return {
    params: route.params ? parse(route.params, req.params, 'path_invalid') : {},
    query: route.query ? parse(route.query, req.query, 'query_invalid') : {},
    idempotencyKey: route.takesIdempotencyKey && idempotencyKey(req),
    body: route.body && parse(route.body, parsedBody(req), 'body_invalid'),
  };
}

function idempotencyKey(req: Request): string | undefined {
  const key = req.get('Idempotency-Key');
  if (key !== undefined && !wellFormedKey.test(key)) throw new AppError('idempotency_key_invalid');
  return key;
}

/** Express leaves the body undefined if it is missing or not declared as JSON. */
function parsedBody({ body }: Request): unknown {
  if (body === undefined) throw new AppError('json_invalid');
  return body;
}

/** Throws the codes of all issues. An issue without a code of its own counts as `otherwise`. */
export function parse<S extends Schema>(schema: S, value: unknown, otherwise: ErrorCode): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const codes = result.error.issues.map(({ message }) => (isErrorCode(message) ? message : otherwise));
  throw new AppError([...new Set(codes)]);
}

/** The access token of a request. Throws `generic_401` if it has none. */
export function bearerToken(req: Request): string {
  const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(req.get('Authorization') ?? '')?.[1];
  if (token === undefined) throw new AppError('generic_401');
  return token;
}
