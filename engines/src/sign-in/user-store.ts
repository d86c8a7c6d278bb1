import { silent, type UserPool } from './cognito-local.ts';
import { makeVerifier } from './srp.ts';
import { attributeOf, type StoredUser } from './stored-user.ts';

/** The people of the pool. Changes run one after the other, and each sees the result of the one before. */
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
  // Also covers cognito-local's own operations: no password is ever stored.
  pool.saveUser = (context, user) => save(context, withoutPassword(user));

  const store = {
    identityOf,
    list: (): Promise<StoredUser[]> => pool.listUsers(ctx),
    /** Finds a person by id, or by e-mail address in upper or lower case. */
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
    /** Runs a change while no other change runs. */
    inTurn,
    /** Returns false if the name has been taken. */
    add: (name: string, user: StoredUser) =>
      inTurn(async () => {
        if (await store.find(name)) return false;
        await pool.saveUser(ctx, user);
        return true;
      }),
    /** Returns the changed person, or undefined if they no longer exist. */
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

  // Cleans up after earlier versions, which stored passwords and refresh tokens.
  for (const user of await store.list()) {
    const { RefreshTokens, ...rest } = user as StoredUser & { RefreshTokens?: unknown };
    if (user.Password !== undefined || RefreshTokens !== undefined) await pool.saveUser(ctx, rest);
  }
  return store;
}

export type UserStore = Awaited<ReturnType<typeof openUserStore>>;
