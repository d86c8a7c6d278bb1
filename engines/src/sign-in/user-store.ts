import { silent, type UserPool } from './cognito-local.ts';
import { makeVerifier, type Verifier } from './srp.ts';

export type Attribute = { Name: string; Value?: string };
export type CodePurpose = 'sign-up' | 'new-password';
/** A sign-in that can still be refreshed. Of its token the hash is kept; times are seconds. */
export type Session = { id: string; tokenHash: string; authTime: number; expires: number };

/** A person as the store of cognito-local keeps them, with what is ours. */
export type StoredUser = {
  Username: string;
  Attributes: Attribute[];
  Enabled: boolean;
  UserStatus: string;
  UserCreateDate: Date;
  UserLastModifiedDate: Date;
  /** What cognito-local's own operations set. It never reaches the store: see `withoutPassword`. */
  Password?: string | undefined;
  Verifier?: Verifier | undefined;
  Code?: { value: string; purpose: CodePurpose; expires: number } | undefined;
  Sessions?: Session[];
};

export const nowSeconds = () => Math.floor(Date.now() / 1_000);

export const attributeOf = ({ Attributes }: StoredUser, name: string) =>
  Attributes.find(({ Name }) => Name === name)?.Value;

export const withAttribute = ({ Attributes }: StoredUser, Name: string, Value: string): Attribute[] => [
  ...Attributes.filter((attribute) => attribute.Name !== Name),
  { Name, Value },
];

/** The people of the pool. Changes of them come one after the other, each on what the one before has left. */
export async function openUserStore(pool: UserPool, poolName: string) {
  const ctx = { logger: silent };
  const identityOf = (username: string) => `${poolName}${username}`;
  const save = pool.saveUser.bind(pool);
  let last: Promise<unknown> = Promise.resolve();

  function withoutPassword({ Password, ...user }: StoredUser): StoredUser {
    return Password === undefined
      ? user
      : { ...user, Verifier: makeVerifier(identityOf(user.Username), Password) };
  }
  // Of every operation of cognito-local too: no password is ever written down.
  pool.saveUser = (context, user) => save(context, withoutPassword(user));

  const store = {
    identityOf,
    list: (): Promise<StoredUser[]> => pool.listUsers(ctx),
    /** By id, or by the e-mail address in any case. */
    async find(name: unknown): Promise<StoredUser | undefined> {
      if (typeof name !== 'string') return undefined;
      const wanted = name.toLowerCase();
      const users = await pool.listUsers(ctx);
      return users.find((user) =>
        [user.Username, attributeOf(user, 'email'), attributeOf(user, 'sub')].some(
          (own) => own?.toLowerCase() === wanted,
        ),
      );
    },
    /** Runs what changes people while nobody else does. */
    inTurn,
    /** False where somebody has the name by now. */
    add: (name: string, user: StoredUser) =>
      inTurn(async () => {
        if (await store.find(name)) return false;
        await pool.saveUser(ctx, user);
        return true;
      }),
    /** Returns the person as they are then; undefined where they are gone. */
    update: (username: string, change: (user: StoredUser) => StoredUser) =>
      inTurn(async () => {
        const user = await store.find(username);
        if (!user) return undefined;
        const changed = change(user);
        await pool.saveUser(ctx, { ...changed, UserLastModifiedDate: new Date() });
        return changed;
      }),
  };

  function inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = last.then(step);
    last = done.catch(() => {});
    return done;
  }

  // Those of an earlier version: their passwords go, and so do tokens that a public key has signed.
  for (const user of await store.list()) {
    const { RefreshTokens, ...rest } = user as StoredUser & { RefreshTokens?: unknown };
    if (user.Password !== undefined || RefreshTokens !== undefined) await pool.saveUser(ctx, rest);
  }
  return store;
}

export type UserStore = Awaited<ReturnType<typeof openUserStore>>;
