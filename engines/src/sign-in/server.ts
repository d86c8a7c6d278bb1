import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { refusalOf } from '@parley/contract/loopback';
import { SignInError } from './errors.ts';
import type { Request, SignIn } from './operation.ts';
import { operations } from './operations.ts';

const maxBodyBytes = 256 * 1024;
const contentType = 'application/x-amz-json-1.1';

export type ServerOptions = {
  signIn: SignIn;
  issuer: string;
  jwks: object;
  /** Pages of these origins are accepted, and others refused. */
  origins: readonly string[];
  onError(error: unknown, operation: string): void;
};

/** The Cognito API over HTTP, and the keys of its tokens. */
export function createSignInServer({ signIn, issuer, jwks, origins, onError }: ServerOptions) {
  const pool = new URL(issuer).pathname;
  const documents: Record<string, object> = {
    '/health': { ok: true },
    [`${pool}/.well-known/jwks.json`]: jwks,
    [`${pool}/.well-known/openid-configuration`]: {
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      id_token_signing_alg_values_supported: ['RS256'],
      response_types_supported: ['token'],
      subject_types_supported: ['public'],
    },
  };

  async function respond(req: IncomingMessage, res: ServerResponse) {
    const refusal = refusalOf(req.headers, { origins });
    if (refusal) return answer(res, 403, { __type: 'ForbiddenException', message: refusal });
    if (req.headers.origin) allow(res, req.headers.origin);
    if (req.method === 'OPTIONS') return res.writeHead(204).end();
    const document = req.method === 'GET' && documents[req.url ?? ''];
    if (document) return answer(res, 200, document, 'application/json');
    if (req.method !== 'POST' || req.url !== '/') return answer(res, 404, { message: 'Not found' });
    const name = String(req.headers['x-amz-target'] ?? '').split('.')[1] ?? '';
    try {
      answer(res, 200, await perform(signIn, name, await bodyOf(req)));
    } catch (error) {
      const { status, body } = errorAnswer(error);
      if (status === 500) onError(error, name);
      answer(res, status, body);
    }
  }

  return createServer((req, res) => {
    respond(req, res).catch((error) => {
      onError(error, 'a request');
      res.destroy();
    });
  });
}

async function perform(signIn: SignIn, name: string, request: Request) {
  const operation = operations.get(name);
  if (!operation) throw new SignInError('UnknownOperationException', `The local sign-in has no ${name}.`);
  return operation(signIn, request);
}

async function bodyOf(req: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req) {
    length += chunk.length;
    if (length > maxBodyBytes)
      throw new SignInError('InvalidParameterException', 'The request is too large.');
    chunks.push(chunk);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString() || '{}');
    if (typeof body === 'object' && body !== null) return { ...body };
  } catch {
    // Refused below.
  }
  throw new SignInError('SerializationException', 'The request is not a JSON object.');
}

/** Errors of cognito-local have a `code` like SignInError. */
function errorAnswer(error: unknown) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (error instanceof Error && /^\w+Exception$/.test(code))
    return { status: 400, body: { __type: code, message: error.message } };
  return { status: 500, body: { __type: 'InternalErrorException', message: 'Something went wrong' } };
}

function allow(res: ServerResponse, origin: string) {
  res.setHeader('Access-Control-Allow-Origin', origin);
  res.setHeader('Access-Control-Allow-Methods', 'GET, POST');
  res.setHeader(
    'Access-Control-Allow-Headers',
    'content-type, x-amz-target, x-amz-user-agent, amz-sdk-invocation-id, amz-sdk-request, cache-control, authorization',
  );
  res.setHeader('Access-Control-Expose-Headers', 'x-amzn-RequestId, x-amzn-ErrorType');
  res.setHeader('Access-Control-Max-Age', '600');
  res.setHeader('Vary', 'Origin');
}

function answer(res: ServerResponse, status: number, body: object, type = contentType) {
  // Times are seconds in this protocol.
  const text = JSON.stringify(body, function (this: Record<string, unknown>, name, value) {
    const own = this[name];
    return own instanceof Date ? own.getTime() / 1_000 : value;
  });
  res.setHeader('x-amzn-RequestId', randomUUID());
  res.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(text);
}
