import { fixedToken } from '../tokens.ts';
import { type Connection, createConnection } from './connection.ts';
import type { LiveEvent } from './events.ts';
import type { SocketClass } from './socket.ts';

type Options = { url: string; WebSocket: SocketClass; token: string; onEvent(event: LiveEvent): void };

/**
 * Opens one authenticated socket that does not reconnect, for programs that must notice each loss.
 * Rejects if the gateway does not accept it.
 */
export async function openSocket({ url, WebSocket, token, onEvent }: Options) {
  let end = () => {};
  const closed = new Promise<void>((resolve) => {
    end = resolve;
  });
  const connection = await new Promise<Connection>((resolve, reject) => {
    const opened = createConnection({
      url,
      WebSocket,
      tokens: fixedToken(token),
      onEvent,
      onState(state) {
        if (state === 'online') resolve(opened);
        if (state !== 'waiting') return;
        opened.close();
        end();
        reject(new Error(`${url} accepts no socket`));
      },
    });
    opened.open();
  });
  return {
    token,
    request: connection.request,
    closed,
    close() {
      connection.close();
      end();
    },
  };
}

export type OpenSocket = Awaited<ReturnType<typeof openSocket>>;
