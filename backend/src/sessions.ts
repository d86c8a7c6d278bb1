import { AppError } from '@parley/core/errors';
import type { Identities } from '@parley/core/people';
import * as users from '@parley/core/users';
import type { SignUps } from './sign-ups.ts';
import type { Tokens } from './tokens.ts';

/** Who asks, and since when they are signed in. */
export type Session = { user: users.User; issuedAtSeconds: number };
export type Sessions = ReturnType<typeof createSessions>;

export type SessionsOptions = { tokens: Tokens; identities: Identities; signUps: SignUps };

export function createSessions({ tokens, identities, signUps }: SessionsOptions) {
  return {
    /** The person behind a token, read anew each time. Throws `generic_401`, `profile_missing`, `busy`. */
    async open(token: string): Promise<Session> {
      const { sub, issuedAtSeconds } = await tokens.verify(token);
      const user = (await identities.bySub(sub)) ?? (await signUps.repair(sub, token));
      const isShut = user.disabled_at !== null || user.erased_at !== null;
      if (isShut || users.isTokenRevoked(user, issuedAtSeconds)) throw new AppError('generic_401');
      return { user, issuedAtSeconds };
    },
  };
}
