import { AppError } from '@parley/core/errors';
import type { Identities } from '@parley/core/people/names';
import * as users from '@parley/core/people/users';
import type { SignUps } from './sign-ups.ts';
import type { Claims, Tokens } from './tokens.ts';

/** The caller, with the time of the sign-in and the expiry of the token. */
export type Session = Claims & { user: users.User };
export type Sessions = ReturnType<typeof createSessions>;

export type SessionsOptions = { tokens: Tokens; identities: Identities; signUps: SignUps };

export function createSessions({ tokens, identities, signUps }: SessionsOptions) {
  return {
    /** Verifies a token and reads its person from Postgres. Throws `generic_401`, `profile_missing`, `busy`. */
    async open(token: string): Promise<Session> {
      const claims = await tokens.verify(token);
      const user = (await identities.bySub(claims.sub)) ?? (await signUps.repair(claims.sub, token));
      return admit(claims, user);
    },

    /** The session with its person read at most `maxAgeMs` ago. Throws `generic_401` if it has ended, or `busy`. */
    async renew({ user: _, ...claims }: Session, maxAgeMs = 0): Promise<Session> {
      const user = await identities.cachedBySub(claims.sub, maxAgeMs);
      if (!user || claims.expiresAtSeconds * 1_000 <= Date.now()) throw new AppError('generic_401');
      return admit(claims, user);
    },

    /** Makes the next `renew` read the person again, whatever its `maxAgeMs`. */
    forget: ({ sub }: Session) => identities.forget(sub),
  };
}

function admit(claims: Claims, user: users.User): Session {
  const isClosed = user.disabled_at !== null || user.erased_at !== null;
  if (isClosed || users.isTokenRevoked(user, claims.issuedAtSeconds)) throw new AppError('generic_401');
  return { ...claims, user };
}
