import type { ServerFrame } from '@parley/contract/frames';

/** The part of a WebSocket that the connection uses. Browsers, Node 22 and the `ws` package have it. */
export type Socket = {
  readonly readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(): void;
};

export type SocketClass = new (url: string) => Socket;

/** `readyState` of an open socket. */
export const openState = 1;

const openTimeoutMs = 10_000;

type Listeners = {
  onOpen(): void;
  onFrame(frame: ServerFrame): void;
  /** The socket closed, or did not open in time. May be called twice. */
  onLost(code?: number, reason?: string): void;
};

export function openSocket(WebSocket: SocketClass, url: string, listeners: Listeners): Socket {
  const socket = new WebSocket(url);
  const timer = setTimeout(() => listeners.onLost(), openTimeoutMs);
  socket.onopen = () => {
    clearTimeout(timer);
    listeners.onOpen();
  };
  socket.onmessage = ({ data }: { data: unknown }) => listeners.onFrame(JSON.parse(String(data)));
  // A close follows every error.
  socket.onerror = () => {};
  socket.onclose = ({ code, reason }: { code: number; reason: string }) => {
    clearTimeout(timer);
    listeners.onLost(code, reason);
  };
  return socket;
}
