import { randomUUID } from 'node:crypto';
import { ApiError } from '@parley/client/api/errors';
import { createHttp } from '@parley/client/api/http';
import { createApi, type Send } from '@parley/client/api/requests';
import type { Entry } from '@parley/client/api/types';
import type { LiveEvent } from '@parley/client/live/events';
import { openSocket } from '@parley/client/live/open-socket';
import { fixedToken } from '@parley/client/tokens';
import WebSocket from 'ws';

// biome-ignore lint/suspicious/noExplicitAny: the checks decide whether an answer has the documented shape.
export type Json = any;
export type Person = Awaited<ReturnType<typeof createPerson>>;

const patienceMs = 15_000;

/** Puts the URL and the reason into the error: fetch has them only in its causes. */
export async function fetchNamed(url: string | URL | Request, options?: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { signal: AbortSignal.timeout(patienceMs), ...options });
  } catch (error) {
    throw new Error(`${url}: ${reasonOf(error)}`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.cause ? reasonOf(error.cause) : error.message;
}

/** The reason for a failed check. An unexpected refusal is described by its status and codes. */
export function failureOf(error: unknown): string {
  if (error instanceof ApiError && error.status > 0) return `${error.status} ${error.message}`;
  if (error instanceof ApiError && error.cause) return failureOf(error.cause);
  return error instanceof Error ? error.message : String(error);
}

/** A plain GET without a token or with any token, for checks of the status and the body. */
export async function get(
  base: string,
  path: string,
  token?: string,
): Promise<{ status: number; body: Json }> {
  const headers = { Accept: 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetchNamed(`${base}${path}`, { headers });
  return { status: response.status, body: parsed(await response.text(), `${base}${path}`, response.status) };
}

function parsed(text: string, url: string, status: number): Json {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`GET ${url} answers ${status} without JSON. Is Parley running there?`, { cause });
  }
}

/** A person of the deployment, who uses the functions of the client. Throws if the token is refused. */
export async function createPerson(base: string, token: string) {
  const options = { tokens: fixedToken(token), fetch: fetchNamed, url: base };
  const api = createApi(options);
  const http = createHttp(options.tokens, fetchNamed, base);
  const { uuid, handle } = await api.profile().catch((error) => {
    throw new Error(`a token is refused: ${failureOf(error)}`, { cause: error });
  });
  return {
    uuid,
    handle,
    api,
    /** The page at a path, with the path of the next page. */
    page: (path: string) => http.list<Entry>(path),
    send: (
      target: Pick<Send, 'message_group_uuid' | 'handle'>,
      message: string,
      key: string = randomUUID(),
    ) => api.send({ ...target, message }, key),
    /** Up to 100 entries of a conversation after a position. */
    entries: (group: string, after?: number) => api.entries(group, { after, limit: 100 }),
    newestSeq: async (group: string) => (await api.entries(group, { limit: 1 })).at(-1)?.seq ?? 0,
    async row(group: string) {
      const { rows } = await api.inbox('/api/message_groups?limit=100');
      const row = rows.find((each) => each.uuid === group);
      if (!row) throw new Error(`${group} is not in the inbox of ${handle}`);
      return row;
    },
    listen: () => listen(base, token),
  };
}

/** An authenticated socket and the events that it received. */
async function listen(base: string, token: string) {
  const events: LiveEvent[] = [];
  let wake = () => {};
  const socket = await openSocket({
    url: `${base.replace(/^http/, 'ws')}/api/realtime`,
    WebSocket,
    token,
    onEvent(event) {
      events.push(event);
      wake();
    },
  });

  return {
    events,
    request: socket.request,
    close: socket.close,
    /** Waits for `count` matching events, and returns their data. */
    async event<Name extends LiveEvent['event']>(
      name: Name,
      matches: (data: DataOf<Name>) => boolean,
      count = 1,
    ): Promise<DataOf<Name>[]> {
      const deadline = performance.now() + patienceMs;
      for (;;) {
        const named = events.filter(({ event }) => event === name).map(({ data }) => data as DataOf<Name>);
        const found = named.filter(matches);
        if (found.length >= count) return found;
        if (performance.now() > deadline)
          throw new Error(`received ${found.length} of ${count} ${name} events within ${patienceMs} ms`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 250);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
  };
}

type DataOf<Name extends LiveEvent['event']> = Extract<LiveEvent, { event: Name }>['data'];

/** The answer to an action on a socket that has not authenticated, which the client never sends. */
export async function firstAnswer(base: string, action: string, payload: object): Promise<Json> {
  const socket = new WebSocket(`${base.replace(/^http/, 'ws')}/api/realtime`);
  try {
    return await new Promise((resolve, reject) => {
      const late = () => reject(new Error(`no answer within ${patienceMs} ms`));
      AbortSignal.timeout(patienceMs).addEventListener('abort', late);
      socket.on('error', reject);
      socket.on('open', () => socket.send(JSON.stringify({ id: '1', action, payload })));
      socket.on('message', (data) => resolve(JSON.parse(String(data))));
    });
  } finally {
    socket.close();
  }
}

/** Repeats a check until it passes. Throws its last error after 15 s. */
export async function eventually(check: () => Promise<void>) {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
