import { setTimeout as sleep } from 'node:timers/promises';
import { noteText } from '@parley/engines/testing/suite-log';
import WebSocket from 'ws';

// biome-ignore lint/suspicious/noExplicitAny: the tests assert the content of frames.
export type Frame = any;

export type LiveClient = Awaited<ReturnType<typeof connect>>;

/**
 * A socket to a node, with every frame that it has received. It is not the connection of `client/`: that authenticates,
 * pings and comes back by itself, and hides frames and close codes.
 */
export async function connect(
  url: string,
  { query = '', ...options }: { origin?: string; query?: string; headers?: Record<string, string> } = {},
) {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/realtime${query}`, options);
  const frames: Frame[] = [];
  const arrivedAtMs: number[] = [];
  const waiting = new Set<() => void>();
  let lastId = 0;
  socket.on('message', (data) => {
    arrivedAtMs.push(performance.now());
    frames.push(JSON.parse(String(data)));
    for (const check of waiting) check();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  socket.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('unexpected-response', (_req, res) => reject(new Error(`status ${res.statusCode}`)));
    socket.once('error', reject);
  });

  /** The first matching frame, received before or within the timeout. */
  async function frame(matches: (frame: Frame) => boolean, timeoutMs = 15_000): Promise<Frame> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(check);
        reject(
          new Error(`no such frame within ${timeoutMs} ms; the last: ${JSON.stringify(frames.slice(-5))}`),
        );
      }, timeoutMs);
      const check = () => {
        const found = frames.find(matches);
        if (!found) return;
        clearTimeout(timer);
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      check();
    });
  }

  async function request(action: string, payload?: unknown, timeoutMs?: number): Promise<Frame> {
    lastId += 1;
    const id = String(lastId);
    noteText((payload as { message?: unknown } | undefined)?.message);
    socket.send(JSON.stringify({ id, action, payload }));
    return frame(({ type, request_id }) => type === 'response' && request_id === id, timeoutMs);
  }

  return {
    socket,
    frames,
    arrivedAtMs,
    closed,
    frame,
    request,
    authenticate: ({ token }: { token: string }) => request('authenticate', { token }),
    event: (name: string, matches: (data: Frame) => boolean = () => true, timeoutMs?: number) =>
      frame((each) => each.type === 'event' && each.event === name && matches(each.data), timeoutMs).then(
        ({ data }) => data,
      ),
    events: (name: string): Frame[] =>
      frames.filter((frame) => frame.type === 'event' && frame.event === name).map(({ data }) => data),
    async close() {
      socket.close();
      await Promise.race([closed, sleep(1_000, undefined, { ref: false })]);
    },
  };
}
