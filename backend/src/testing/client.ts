import { noteText } from '@parley/engines/testing/suite-log';
import type { Contract } from './contract.ts';

export type Call = {
  /** The caller. */
  as?: { token: string } | undefined;
  body?: unknown;
  /** The exact bytes of the body, instead of `body`. */
  raw?: string | Uint8Array<ArrayBuffer>;
  key?: string;
  headers?: Record<string, string>;
};

// biome-ignore lint/suspicious/noExplicitAny: the tests assert the content of answers.
export type Reply = { status: number; headers: Headers; body: any };

export type Client = ReturnType<typeof createClient>;

/**
 * Calls a running API and checks every answer against the contract. It is not the client of `client/`: that sends no
 * wrong body, and hides status and headers.
 */
export function createClient(url: string, contract: Contract) {
  async function request(method: string, path: string, call: Call = {}): Promise<Reply> {
    noteText((call.body as { message?: unknown } | undefined)?.message);
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(call.as && { Authorization: `Bearer ${call.as.token}` }),
        ...((call.body !== undefined || call.raw !== undefined) && { 'Content-Type': 'application/json' }),
        ...(call.key !== undefined && { 'Idempotency-Key': call.key }),
        ...call.headers,
      },
      body: call.raw ?? (call.body === undefined ? null : JSON.stringify(call.body)),
    });
    const text = await response.text();
    const isLines = response.headers.get('Content-Type')?.startsWith('application/x-ndjson');
    const body = text === '' || isLines ? text || undefined : JSON.parse(text);
    const pathname = decodeURI(new URL(path, url).pathname);
    const { status, headers } = response;
    if (method !== 'OPTIONS' && method !== 'HEAD') {
      contract.check({ method, path: pathname, status, headers, body });
    }
    return { status, headers, body };
  }

  return {
    url,
    request,
    get: (path: string, call?: Call) => request('GET', path, call),
    post: (path: string, call?: Call) => request('POST', path, call),
    put: (path: string, call?: Call) => request('PUT', path, call),
    delete: (path: string, call?: Call) => request('DELETE', path, call),
  };
}

/** The address behind `rel="next"`. */
export const nextOf = ({ headers }: Reply) => /^<([^>]+)>; rel="next"$/.exec(headers.get('Link') ?? '')?.[1];
