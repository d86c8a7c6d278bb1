import { type Answers, authenticatePayload } from '@parley/contract/frames';
import { AppError } from '@parley/core/errors';
import type { Session } from '../../auth/sessions.ts';
import { parse } from '../../http/route.ts';
import type { Connection } from '../connection.ts';
import { requireTokens } from '../frame-errors.ts';
import type { CommandParts, CreateCommand } from './command.ts';

/** Opens the session of a socket, or renews it with a newer token of the same person. */
export const authenticate: CreateCommand = (parts) => ({
  cost: 'sign-in',
  async answer(connection, payload): Promise<Answers['authenticate']> {
    const { token } = parse(authenticatePayload, payload, 'generic_401');
    const session = await parts.sessions.open(token);
    const before = connection.session;
    if (before && before.user.uuid !== session.user.uuid) throw new AppError('generic_401');
    requireTokens(parts.rateLimit.spend(session.user.uuid));
    connection.session = session;
    if (!before) await subscribe(parts, connection, session);
    const expiresAtMs = session.expiresAtSeconds * 1_000;
    connection.closeAfter(expiresAtMs - Date.now(), 'the token has expired');
    return {
      user_uuid: session.user.uuid,
      expires_at: new Date(expiresAtMs).toISOString(),
      connection: connection.id,
    };
  },
});

/** If deliveries do not reach the socket, it has no session, and the next `authenticate` tries again. */
async function subscribe({ onAuthenticated }: CommandParts, connection: Connection, session: Session) {
  try {
    await onAuthenticated(connection, session);
  } catch (error) {
    connection.session = undefined;
    throw error;
  }
}
