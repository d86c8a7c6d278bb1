import type { PgConnection } from './pglite-connection.ts';
import { errorMessage } from './pglite-protocol.ts';

export type IdleWatch = ReturnType<typeof createIdleWatch>;

/** Ends a connection that keeps the session and stays silent for too long. */
export function createIdleWatch(limitMs: number, onEnded: () => void) {
  let watched: { connection: PgConnection; timer: NodeJS.Timeout } | undefined;

  function stop() {
    clearTimeout(watched?.timer);
    watched = undefined;
  }

  return {
    stop,
    isWatching: (connection: PgConnection) => watched?.connection === connection,
    isGone: () => watched?.connection.isGone === true,
    /** `held` names what keeps the session. */
    watch(connection: PgConnection, held: string) {
      if (watched?.connection === connection) return;
      stop();
      const timer = setTimeout(() => {
        const text = `the embedded Postgres has one session, others wait for it, and this connection is idle with ${held}`;
        connection.end(errorMessage('FATAL', '25P03', text));
        onEnded();
      }, limitMs);
      watched = { connection, timer };
    },
  };
}
