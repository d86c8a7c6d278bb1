import type { Rosters } from '@parley/core/log/rosters';
import type { Session } from '../../auth/sessions.ts';
import type { Parts } from '../../parts.ts';
import type { Connection } from '../connection.ts';
import type { OwnChanges } from '../own-changes.ts';
import type { Publisher } from '../publisher.ts';

export type CommandParts = Pick<
  Parts,
  'config' | 'logger' | 'log' | 'pages' | 'pool' | 'sessions' | 'rateLimit'
> & {
  rosters: Rosters;
  publisher: Publisher;
  ownChanges: OwnChanges;
  /** Resolves when deliveries reach the socket. */
  onAuthenticated: (connection: Connection, session: Session) => Promise<void>;
};

/**
 * The answer to one action of a socket: the data of its response, or a thrown AppError. A `sign-in` needs no session
 * and spends the person's tokens itself. A `heartbeat` is free as often as a connection allows. Everything else is a
 * `request`.
 */
export type Command =
  | { cost: 'sign-in'; answer(connection: Connection, payload: unknown): Promise<unknown> }
  | {
      cost: 'heartbeat' | 'request';
      answer(session: Session, payload: unknown): Promise<unknown>;
      /** Called after the response was sent. */
      onAnswered?(data: unknown, ids: { connection: string; request_id: string }): void;
    };

export type CreateCommand = (parts: CommandParts) => Command;
