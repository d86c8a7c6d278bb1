import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { notAuthorized } from './errors.ts';
import type { SigningKey } from './signing-key.ts';
import { attributeOf, nowSeconds, type Session, type StoredUser } from './stored-user.ts';
import type { UserStore } from './user-store.ts';

const accessSeconds = 3_600;
const refreshSeconds = 30 * 86_400;

const hashOf = (token: string) => createHash('sha256').update(token).digest('base64url');

type Issuer = { key: SigningKey; clientId: string };

/** Issues tokens as Cognito does: a refreshed token keeps the time of the sign-in (`auth_time`). */
export function createTokens(users: UserStore, key: SigningKey, clientId: string) {
  const issuer = { key, clientId };

  return {
    async begin(user: StoredUser) {
      const refreshToken = randomBytes(48).toString('base64url');
      const authTime = nowSeconds();
      const session: Session = {
        id: randomUUID(),
        tokenHash: hashOf(refreshToken),
        authTime,
        expires: authTime + refreshSeconds,
      };
      await users.update(user.Username, (current) => ({
        ...current,
        Sessions: [...(current.Sessions ?? []).filter(({ expires }) => expires > authTime), session],
      }));
      return { ...(await present(user, session, issuer)), RefreshToken: refreshToken };
    },
    async refresh(refreshToken: string) {
      const found = await findSession(refreshToken);
      if (!found) throw notAuthorized('Invalid Refresh Token');
      if (found.session.expires <= nowSeconds()) throw notAuthorized('Refresh Token has expired');
      if (!found.user.Enabled) throw notAuthorized('User is disabled.');
      return present(found.user, found.session, issuer);
    },
    /** Returns whether the token existed. */
    async revoke(refreshToken: string) {
      const found = await findSession(refreshToken);
      if (!found) return false;
      await users.update(found.user.Username, (user) => ({
        ...user,
        Sessions: user.Sessions?.filter(({ id }) => id !== found.session.id) ?? [],
      }));
      return true;
    },
    revokeAll: (user: StoredUser) => users.update(user.Username, (current) => ({ ...current, Sessions: [] })),
    /** Returns the person of an access token, unless its session has ended. */
    async verify(accessToken: string): Promise<StoredUser> {
      const claims = await key.verify(accessToken).catch((error) => {
        throw notAuthorized(
          error.code === 'ERR_JWT_EXPIRED' ? 'Access Token has expired' : 'Invalid Access Token',
        );
      });
      if (claims.token_use !== 'access' || claims.client_id !== clientId)
        throw notAuthorized('Invalid Access Token');
      const user = await users.find(claims.username);
      if (!user) throw notAuthorized('Invalid Access Token');
      if (!user.Sessions?.some(({ id }) => id === claims.origin_jti))
        throw notAuthorized('Access Token has been revoked');
      if (!user.Enabled) throw notAuthorized('User is disabled.');
      return user;
    },
  };

  async function findSession(refreshToken: string) {
    const wanted = hashOf(refreshToken);
    for (const user of await users.list()) {
      const session = user.Sessions?.find(({ tokenHash }) => tokenHash === wanted);
      if (session) return { user, session };
    }
    return undefined;
  }
}

/** The access token and the id token of a session. */
async function present(user: StoredUser, { id, authTime }: Session, { key, clientId }: Issuer) {
  const sub = attributeOf(user, 'sub') ?? user.Username;
  const iat = nowSeconds();
  const common = {
    sub,
    origin_jti: id,
    event_id: randomUUID(),
    auth_time: authTime,
    iat,
    exp: iat + accessSeconds,
  };
  const access = {
    ...common,
    token_use: 'access',
    client_id: clientId,
    scope: 'aws.cognito.signin.user.admin',
    username: user.Username,
    jti: randomUUID(),
  };
  const identity = {
    ...common,
    token_use: 'id',
    aud: clientId,
    'cognito:username': user.Username,
    email: attributeOf(user, 'email'),
    email_verified: attributeOf(user, 'email_verified') === 'true',
    preferred_username: attributeOf(user, 'preferred_username'),
    name: attributeOf(user, 'name'),
    jti: randomUUID(),
  };
  return {
    AccessToken: await key.sign(access),
    IdToken: await key.sign(identity),
    ExpiresIn: accessSeconds,
    TokenType: 'Bearer',
  };
}

export type Tokens = ReturnType<typeof createTokens>;
