import { ApiError } from './errors.ts';
import type {
  ClientConfig,
  Entry,
  Group,
  InboxRow,
  Member,
  Person,
  Profile,
  Role,
  Settings,
} from './types.ts';

type Request = { method?: string; body?: object; key?: string; signal?: AbortSignal };
export type Page<T> = { rows: T[]; next: string | undefined };
export type Send = { message_group_uuid?: string; handle?: string; message: string; known_seq: number };

const timeoutMs = 15_000;
/** An export is as long as somebody's history: it may take its time while something comes. */
const exportSilenceMs = 60_000;

/** `token` gives a fresh access token; `renew` forgets one that the API refused. */
export type Credentials = { token(): Promise<string>; renew(refused: string): void };

/** The HTTP API, one function per request. */
export function createApi({ token, renew }: Credentials, fetch: typeof globalThis.fetch) {
  async function answer(path: string, request: Request, isSecondTry = false): Promise<Response> {
    const bearer = await token();
    const response = await reach(fetch, path, { ...request, bearer });
    if (response.status !== 401 || isSecondTry) return response;
    renew(bearer);
    return answer(path, request, true);
  }

  async function call<T>(path: string, request: Request = {}): Promise<T> {
    const response = await refuseErrors(await answer(path, request));
    return body<T>(response);
  }

  async function list<T>(path: string): Promise<Page<T>> {
    const response = await refuseErrors(await answer(path, {}));
    return { rows: await body<T[]>(response), next: nextOf(response.headers.get('Link')) };
  }

  const groupPath = (uuid: string) => `/api/message_groups/${uuid}`;
  const memberPath = (uuid: string, handle: string) =>
    `${groupPath(uuid)}/members/${encodeURIComponent(handle)}`;

  return {
    profile: () => call<Profile>('/api/profile'),
    updateProfile: (body: { display_name: string; bio: string }) =>
      call<Profile>('/api/profile/update', { method: 'PUT', body }),
    /** A file of JSON Lines; `onBytes` hears how much of it has come. */
    async exportProfile({ signal, onBytes }: { signal: AbortSignal; onBytes(bytes: number): void }) {
      const silence = createTimeout(exportSilenceMs);
      try {
        const request = { signal: AbortSignal.any([signal, silence.signal]) };
        const response = await refuseErrors(await answer('/api/profile/export', request));
        return await file(response, (bytes) => {
          silence.restart();
          onBytes(bytes);
        });
      } finally {
        silence.stop();
      }
    },
    deleteProfile: () => call<object>('/api/profile', { method: 'DELETE' }),
    person: (handle: string) => call<Person>(`/api/users/@${encodeURIComponent(handle)}/short`),
    searchPeople: (search: string) =>
      call<Person[]>(`/api/users?limit=8&search=${encodeURIComponent(search)}`),
    inbox: (next = '/api/message_groups?limit=50') => list<InboxRow>(next),
    hidden: () => list<InboxRow>('/api/message_groups?limit=100&hidden=true'),
    async group(uuid: string): Promise<Group> {
      const path = `${groupPath(uuid)}?limit=100`;
      const response = await refuseErrors(await answer(path, {}));
      const group = await body<Group>(response);
      let next = nextOf(response.headers.get('Link'));
      while (next) {
        const page = await refuseErrors(await answer(next, {}));
        group.members.push(...(await body<{ members: Member[] }>(page)).members);
        next = nextOf(page.headers.get('Link'));
      }
      return group;
    },
    /** The group without the rest of its members. */
    positions: (uuid: string) => call<Group>(`${groupPath(uuid)}?limit=1`),
    entries: (uuid: string, range: { before?: number; after?: number; limit: number }) => {
      const query = new URLSearchParams({ limit: String(range.limit) });
      if (range.before !== undefined) query.set('before_seq', String(range.before));
      if (range.after !== undefined) query.set('after_seq', String(range.after));
      return call<Entry[]>(`/api/messages/${uuid}?${query}`);
    },
    send: (body: Send, key: string) => call<Entry>('/api/messages', { method: 'POST', body, key }),
    markRead: (uuid: string, seq: number) =>
      call<{ read_seq: number; unread_count: number }>(`${groupPath(uuid)}/read`, {
        method: 'PUT',
        body: { seq },
      }),
    changeSettings: (uuid: string, body: Partial<Settings>) =>
      call<Settings>(`${groupPath(uuid)}/settings`, { method: 'PUT', body }),
    createGroup: (body: { title: string; handles: string[] }, key: string) =>
      call<{ message_group_uuid: string }>('/api/message_groups', { method: 'POST', body, key }),
    rename: (uuid: string, title: string) => call<Group>(groupPath(uuid), { method: 'PUT', body: { title } }),
    addMember: (uuid: string, handle: string) =>
      call<Group>(`${groupPath(uuid)}/members`, { method: 'POST', body: { handle } }),
    changeRole: (uuid: string, handle: string, role: Role) =>
      call<Group>(memberPath(uuid, handle), { method: 'PUT', body: { role } }),
    removeMember: (uuid: string, handle: string) =>
      call<Group>(memberPath(uuid, handle), { method: 'DELETE' }),
    signOut: () => call<object>('/api/sign-out', { method: 'POST', body: {} }),
  };
}

export type Api = ReturnType<typeof createApi>;

/** Where to sign in; it needs no token. */
export async function readClientConfig(fetch: typeof globalThis.fetch): Promise<ClientConfig> {
  return body<ClientConfig>(await refuseErrors(await reach(fetch, '/api/client-config', {})));
}

/** Whether a handle can be had, asked before one has an account; it needs no token. */
export function createHandleCheck(fetch: typeof globalThis.fetch) {
  return async (handle: string, signal: AbortSignal): Promise<boolean> => {
    const response = await reach(fetch, `/api/handles/${encodeURIComponent(handle)}`, { signal });
    return (await body<{ available: boolean }>(await refuseErrors(response))).available;
  };
}

async function reach(fetch: typeof globalThis.fetch, path: string, request: Request & { bearer?: string }) {
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
  } catch {
    throw new ApiError(0, ['no_answer']);
  }
}

async function refuseErrors(response: Response) {
  if (response.ok) return response;
  const said: unknown = await response.json().catch(() => []);
  const codes = Array.isArray(said) ? said.map(String) : [];
  throw new ApiError(response.status, codes, Number(response.headers.get('Retry-After') ?? 0) * 1000);
}

/** An answer that breaks off is no answer. */
async function body<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(0, ['no_answer']);
  }
}

async function file(response: Response, onBytes: (bytes: number) => void): Promise<Blob> {
  let bytes = 0;
  const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(part, output) {
      bytes += part.byteLength;
      onBytes(bytes);
      output.enqueue(part);
    },
  });
  try {
    return await new Response(response.body?.pipeThrough(counter), response).blob();
  } catch {
    throw new ApiError(0, ['no_answer']);
  }
}

function createTimeout(ms: number) {
  const controller = new AbortController();
  const begin = () => setTimeout(() => controller.abort(), ms);
  let timer = begin();
  return {
    signal: controller.signal,
    restart() {
      clearTimeout(timer);
      timer = begin();
    },
    stop: () => clearTimeout(timer),
  };
}

const nextOf = (link: string | null) => /<([^>]+)>; rel="next"/.exec(link ?? '')?.[1];
