import { type ErrorCode, isErrorCode } from '@parley/contract/errors';
import { wellFormedKey } from '@parley/contract/fields';
import type { z } from '@parley/contract/zod';
import { AppError } from '@parley/core/errors';
import type { Request, Response } from 'express';
import type { Session } from '../auth/sessions.ts';

type Schema = z.ZodType;

/** A response header a route may set, for the OpenAPI document. */
export type HeaderName = 'Link' | 'Parley-Unread-Conversations';

/** What a handler reads: parsed and typed by the route's schemas. */
export type OpenInput<P extends z.ZodObject, Q extends z.ZodObject, B extends Schema> = {
  params: z.output<P>;
  query: z.output<Q>;
  body: z.output<B>;
  /** The Idempotency-Key header, on routes that take one. */
  idempotencyKey: string | undefined;
  req: Request;
  res: Response;
};
export type Input<P extends z.ZodObject, Q extends z.ZodObject, B extends Schema> = OpenInput<P, Q, B> &
  Session;

type Definition<P extends z.ZodObject, Q extends z.ZodObject, B extends Schema, R extends Schema> = {
  /** What generated clients call it; it never changes. */
  operationId: string;
  method: 'get' | 'post' | 'put' | 'delete';
  /** As Express spells it. */
  path: string;
  summary: string;
  params?: P;
  query?: Q;
  body?: B;
  takesIdempotencyKey?: true;
  /** How often it may be asked from one address, for an open route that costs something: it takes a place, too. */
  perAddressPerMinute?: number;
  response: R;
  /** The answer is lines of JSON, sent as they are made; else it is JSON. */
  contentType?: 'application/x-ndjson';
  /** Beside 200, with the same body. */
  statuses?: number[];
  headers?: HeaderName[];
  /** Codes beyond those that follow from the parts above. */
  errors?: ErrorCode[];
};

/** A route for anybody. */
export function openRoute<P extends z.ZodObject, Q extends z.ZodObject, B extends Schema, R extends Schema>(
  route: Definition<P, Q, B, R> & {
    handle(input: OpenInput<P, Q, B>): z.input<R> | Promise<z.input<R>>;
  },
) {
  return { ...route, isOpen: true };
}

/** A route for people who are signed in. */
export function route<P extends z.ZodObject, Q extends z.ZodObject, B extends Schema, R extends Schema>(
  route: Definition<P, Q, B, R> & { handle(input: Input<P, Q, B>): z.input<R> | Promise<z.input<R>> },
) {
  return { ...route, isOpen: false };
}

export type Route = Definition<z.ZodObject, z.ZodObject, Schema, Schema> & {
  isOpen: boolean;
  handle(input: Input<z.ZodObject, z.ZodObject, Schema>): unknown;
};

/** Reads a request by a route's schemas. Throws the code of what does not parse, or all codes of a wrong body. */
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

/** Nothing was parsed where the content is missing or is not declared as JSON. */
function parsedBody({ body }: Request): unknown {
  if (body === undefined) throw new AppError('json_invalid');
  return body;
}

/** Throws all codes of what is wrong; `otherwise` where the schema has no code of its own. */
export function parse<S extends Schema>(schema: S, value: unknown, otherwise: ErrorCode): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const codes = result.error.issues.map(({ message }) => (isErrorCode(message) ? message : otherwise));
  throw new AppError([...new Set(codes)]);
}

/** The access token of a request. Throws `generic_401` where it has none. */
export function bearerToken(req: Request): string {
  const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(req.get('Authorization') ?? '')?.[1];
  if (token === undefined) throw new AppError('generic_401');
  return token;
}
