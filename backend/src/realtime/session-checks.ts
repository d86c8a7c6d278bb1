import type { Sessions } from '../auth/sessions.ts';
import type { Connection } from './connection.ts';
import { closeCodes, codeOf } from './frame-errors.ts';
import type { Sockets } from './sockets.ts';

export type SessionChecks = ReturnType<typeof createSessionChecks>;

/** Closes sockets whose session has ended, after a sign-out or because the account was disabled or erased. */
export function createSessionChecks(sessions: Sessions, sockets: Pick<Sockets, 'of' | 'all'>) {
  async function check(connection: Connection) {
    if (!connection.session) return;
    try {
      await sessions.renew(connection.session);
    } catch (error) {
      // While Postgres is unreachable the session may still be valid, so its socket stays open.
      if (codeOf(error) === 'generic_401')
        connection.close(closeCodes.unauthenticated, 'the session has ended');
    }
  }

  return {
    async checkAll() {
      await Promise.all([...sockets.all()].map(check));
    },
    async checkPerson(userUuid: string) {
      for (const { session } of sockets.of(userUuid)) if (session) sessions.forget(session);
      await Promise.all([...sockets.of(userUuid)].map(check));
    },
  };
}
