import { AppError } from '@parley/core/errors';
import type { Identities } from '@parley/core/people/names';
import * as users from '@parley/core/people/users';
import type { SignUps } from './sign-ups.ts';
import type { Claims, Tokens } from './tokens.ts';

/** Who asks, since when they are signed in, and until when their token says so. */
export type Session = Claims & { user: users.User };
export type Sessions = ReturnType<typeof createSessions>;

export type SessionsOptions = { tokens: Tokens; identities: Identities; signUps: SignUps };

export function createSessions({ tokens, identities, signUps }: SessionsOptions) {
  return {
    /** The person behind a token, read anew each time. Throws `generic_401`, `profile_missing`, `busy`. */
    async open(token: string): Promise<Session> {
      const claims = await tokens.verify(token);
      const user = (await identities.bySub(claims.sub)) ?? (await signUps.repair(claims.sub, token));
      return admit(claims, user);
    },

    /** The same session now, its person read at most `maxAgeMs` ago. Throws `generic_401` where it has ended, `busy`. */
    async renew({ user: _, ...claims }: Session, maxAgeMs = 0): Promise<Session> {
      const user = await identities.cachedBySub(claims.sub, maxAgeMs);
      if (!user || claims.expiresAtSeconds * 1_000 <= Date.now()) throw new AppError('generic_401');
      return admit(claims, user);
    },

    /** The person has changed: the next `renew` reads anew, whatever age would do. */
    forget: ({ sub }: Session) => identities.forget(sub),
  };
}

function admit(claims: Claims, user: users.User): Session {
  const isShut = user.disabled_at !== null || user.erased_at !== null;
  if (isShut || users.isTokenRevoked(user, claims.issuedAtSeconds)) throw new AppError('generic_401');
  return { ...claims, user };
}
