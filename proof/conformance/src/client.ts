import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';

// biome-ignore lint/suspicious/noExplicitAny: what a deployment answers is what is being found out.
export type Json = any;
export type Reply = { status: number; headers: Headers; body: Json };
export type Person = Awaited<ReturnType<typeof createPerson>>;

const patienceMs = 15_000;

/** Fetch says "fetch failed" alone: what failed, and where, is in its causes. */
export async function fetchNamed(url: string, options: RequestInit): Promise<Response> {
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

/** Asks over HTTP as nobody, or as the holder of a token. */
export async function ask(
  base: string,
  method: string,
  path: string,
  options: { token?: string; body?: unknown; key?: string } = {},
): Promise<Reply> {
  const { token, body, key } = options;
  const response = await fetchNamed(`${base}${path}`, {
    method,
    headers: {
      Accept: 'application/json',
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(key && { 'Idempotency-Key': key }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : parsed(text, `${method} ${base}${path}`, response.status),
  };
}

function parsed(text: string, request: string, status: number): Json {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${request} answers ${status} and no JSON. Is Parley there?`, { cause });
  }
}

/** A person of the deployment, known by a token. Throws where the token opens nothing. */
export async function createPerson(base: string, token: string) {
  const call = (method: string, path: string, body?: unknown, key?: string) =>
    ask(base, method, path, { token, body, ...(key && { key }) });
  const profile = await call('GET', '/api/profile');
  if (profile.status !== 200)
    throw new Error(`a token is refused: ${profile.status} ${JSON.stringify(profile.body)}`);
  return {
    uuid: String(profile.body.uuid),
    handle: String(profile.body.handle),
    get: (path: string) => call('GET', path),
    put: (path: string, body: unknown) => call('PUT', path, body),
    post: (path: string, body: unknown, key?: string) => call('POST', path, body, key),
    delete: (path: string) => call('DELETE', path),
    send: (target: object, message: string, key: string = randomUUID()) =>
      call('POST', '/api/messages', { ...target, message }, key),
    connect: () => connect(base, token),
  };
}

/** A socket that has authenticated, and what it heard. */
export async function connect(base: string, token?: string) {
  const socket = new WebSocket(`${base.replace(/^http/, 'ws')}/api/realtime`);
  const frames: Json[] = [];
  let look = () => {};
  socket.on('message', (data) => {
    frames.push(JSON.parse(String(data)));
    look();
  });
  socket.on('close', () => look());
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });

  /** The frames that match, as soon as there are so many. */
  async function heard(matches: (frame: Json) => boolean, count = 1): Promise<Json[]> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const found = frames.filter(matches);
      if (found.length >= count) return found;
      if (performance.now() > deadline)
        throw new Error(`heard ${found.length} of ${count} frames within ${patienceMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 250);
        look = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async function request(action: string, payload: unknown): Promise<Json> {
    const id = randomUUID();
    socket.send(JSON.stringify({ id, action, payload }));
    const [frame] = await heard(({ type, request_id }) => type === 'response' && request_id === id);
    return frame;
  }

  const client = {
    frames,
    heard,
    request,
    event: (name: string, matches: (data: Json) => boolean, count = 1) =>
      heard((frame) => frame.type === 'event' && frame.event === name && matches(frame.data), count),
    close: () => socket.close(),
  };
  if (token) {
    const { success, error } = await request('authenticate', { token });
    if (!success) throw new Error(`a socket is refused: ${error?.code}`);
  }
  return client;
}

/** Asks again until the answer is as it should be. Throws the last complaint after 15 s. */
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
