import { WebSocket } from 'ws';
import type { Attempt } from './requests.ts';

export type SocketEvent = { event: string; data: unknown };
type Response = { success: boolean; data: unknown; error?: { code: string; retry_after?: number } };

const answerTimeoutMs = 7_000;
const openTimeoutMs = 5_000;
/** The interval of pings, which detect a node that is paused or gone without closing its sockets. */
const pingMs = 5_000;

export type LiveSocket = Awaited<ReturnType<typeof openSocket>>;

/** Opens and authenticates a socket. Rejects if that fails. */
export async function openSocket(url: string, token: string, onEvent: (event: SocketEvent) => void) {
  const ws = new WebSocket(`${url.replace(/^http/, 'ws')}/api/realtime`, { handshakeTimeout: openTimeoutMs });
  const waiting = new Map<string, (response: Response | undefined) => void>();
  let lastId = 0;
  const closed = new Promise<void>((resolve) => ws.once('close', () => resolve()));
  void closed.then(() => {
    for (const answer of waiting.values()) answer(undefined);
  });
  ws.on('message', (data) => {
    const frame = JSON.parse(String(data));
    if (frame.type === 'event') onEvent(frame);
    else waiting.get(frame.request_id)?.(frame);
  });

  /** Undefined if the socket closes or the time limit passes first. */
  function ask(action: string, payload: object): Promise<Response | undefined> {
    lastId += 1;
    const id = String(lastId);
    return new Promise((resolve) => {
      const timer = setTimeout(() => answer(undefined), answerTimeoutMs);
      const answer = (response: Response | undefined) => {
        clearTimeout(timer);
        waiting.delete(id);
        resolve(response);
      };
      waiting.set(id, answer);
      if (ws.readyState === WebSocket.OPEN) ws.send(JSON.stringify({ id, action, payload }));
      else answer(undefined);
    });
  }

  await new Promise<void>((resolve, reject) => {
    ws.once('open', resolve);
    ws.on('error', reject);
  });
  const hello = await ask('authenticate', { token });
  if (!hello?.success) {
    ws.terminate();
    throw new Error(`authentication failed: ${hello?.error?.code ?? 'no answer'}`);
  }
  const pinging = setInterval(async () => {
    if (!(await ask('ping', {}))) ws.terminate();
  }, pingMs);
  void closed.then(() => clearInterval(pinging));

  return {
    closed,
    token,
    close: () => ws.terminate(),
    async attempt<T>(
      action: string,
      payload: object,
      read: (data: unknown) => T,
    ): Promise<Attempt & { value?: T }> {
      const response = await ask(action, payload);
      if (!response) return { is: 'again', isUnknown: true, waitMs: 100 };
      if (response.success) return { is: 'ok', result: {}, value: read(response.data) };
      const { code = '', retry_after = 1 } = response.error ?? {};
      if (code === 'busy' || code === 'rate_limited')
        return { is: 'again', isUnknown: true, waitMs: retry_after * 1_000 };
      return { is: 'refused', status: 0, codes: [code] };
    },
  };
}
