import type { TokenSource } from '../tokens.ts';
import { ApiError } from './errors.ts';

export type Request = { method?: string; body?: object; key?: string; signal?: AbortSignal };
export type Page<T> = { rows: T[]; next: string | undefined };
export type Fetch = typeof globalThis.fetch;

const timeoutMs = 15_000;

/** Sends requests with a token. A refused token is renewed, and the request repeated once if another token comes of it. */
export function createHttp(tokens: Pick<TokenSource, 'token' | 'renew'>, fetch: Fetch, url = '') {
  async function respond(path: string, request: Request): Promise<Response> {
    const bearer = await tokens.token();
    const response = await reach(fetch, url + path, { ...request, bearer });
    if (response.status !== 401) return response;
    tokens.renew(bearer);
    const renewed = await tokens.token();
    return renewed === bearer ? response : reach(fetch, url + path, { ...request, bearer: renewed });
  }

  const accepted = async (path: string, request: Request = {}) => refuseErrors(await respond(path, request));

  return {
    accepted,
    call: async <T>(path: string, request?: Request) => bodyOf<T>(await accepted(path, request)),
    async list<T>(path: string): Promise<Page<T>> {
      const response = await accepted(path);
      return { rows: await bodyOf<T[]>(response), next: nextOf(response) };
    },
  };
}

export type Http = ReturnType<typeof createHttp>;

export async function reach(fetch: Fetch, path: string, request: Request & { bearer?: string }) {
  const headers: Record<string, string> = {};
  if (request.bearer) headers.Authorization = `Bearer ${request.bearer}`;
  if (request.body) headers['Content-Type'] = 'application/json';
  if (request.key) headers['Idempotency-Key'] = request.key;
  try {
    return await fetch(path, {
      method: request.method ?? 'GET',
      headers,
      body: request.body && JSON.stringify(request.body),
      signal: request.signal ?? AbortSignal.timeout(timeoutMs),
    });
  } catch (cause) {
    throw new ApiError(0, ['no_answer'], 0, { cause });
  }
}

export async function refuseErrors(response: Response) {
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => []);
  const codes = Array.isArray(body) ? body.map(String) : [];
  throw new ApiError(response.status, codes, Number(response.headers.get('Retry-After') ?? 0) * 1000);
}

/** A response that is cut off counts as no answer. */
export async function bodyOf<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(0, ['no_answer']);
  }
}

/** The path of the next page. */
export const nextOf = ({ headers }: Response) => /<([^>]+)>; rel="next"/.exec(headers.get('Link') ?? '')?.[1];
