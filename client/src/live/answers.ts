import type { FrameError, ResponseFrame } from '@parley/contract/frames';
import { openState, type Socket } from './socket.ts';

const answerTimeoutMs = 10_000;
/** Longer pauses from the gateway are cut to this. */
export const longestPauseMs = 60_000;

type Waiting = {
  resolve(data: unknown): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
};

/** The requests of one connection that are waiting for a response. */
export function createAnswers() {
  const waiting = new Map<string, Waiting>();
  let lastId = 0;

  return {
    request(socket: Socket | undefined, action: string, payload: object) {
      lastId += 1;
      const id = String(lastId);
      return new Promise<unknown>((resolve, reject) => {
        if (socket?.readyState !== openState) return reject(new Error('not connected'));
        const timer = setTimeout(() => {
          waiting.delete(id);
          reject(new Error('no answer'));
        }, answerTimeoutMs);
        waiting.set(id, { resolve, reject, timer });
        socket.send(JSON.stringify({ id, action, payload }));
      });
    },
    settle(frame: ResponseFrame) {
      const { request_id } = frame;
      const request = request_id === null ? undefined : waiting.get(request_id);
      if (!request || request_id === null) return;
      waiting.delete(request_id);
      clearTimeout(request.timer);
      if (frame.success) request.resolve(frame.data);
      else request.reject(new Refusal(frame.error));
    },
    rejectAll() {
      for (const { reject, timer } of waiting.values()) {
        clearTimeout(timer);
        reject(new Error('connection lost'));
      }
      waiting.clear();
    },
  };
}

/** The gateway understood the request and refused it. */
export class Refusal extends Error {
  readonly code: string;
  readonly retryAfterMs: number;

  constructor({ code, retry_after = 0 }: FrameError) {
    super(code);
    this.code = code;
    this.retryAfterMs = Math.min(retry_after * 1_000, longestPauseMs);
  }
}
