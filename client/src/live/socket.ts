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
