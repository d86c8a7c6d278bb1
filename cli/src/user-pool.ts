import {
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  CognitoIdentityProviderClient,
  paginateListUsers,
  type UserType,
} from '@aws-sdk/client-cognito-identity-provider';
import type { Config } from '@parley/config/config';
import { type UserPool, usernameOf } from '@parley/core/people/sign-ins';
import * as users from '@parley/core/people/users';
import { clientConfig } from '@parley/core/table/client';
import type { Pool } from 'pg';

type UserPoolOptions = Pick<
  Config,
  'AWS_REGION' | 'AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER' | 'COGNITO_USER_POOL_ID'
>;

export function createUserPool(options: UserPoolOptions): UserPool {
  const { region, endpoint, credentials } = clientConfig(
    options.AWS_REGION,
    options.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER,
  );
  const client = new CognitoIdentityProviderClient({ region, endpoint, credentials });
  return { client, id: options.COGNITO_USER_POOL_ID };
}

export type { UserPool };

export type SignIn = {
  username: string;
  sub: string;
  handle: string | undefined;
  name: string | undefined;
  email: string | undefined;
  /** Cognito's status: `CONFIRMED`, `UNCONFIRMED`, ... */
  status: string;
  isEnabled: boolean;
};

/** Everybody in the user pool, a page at a time. */
export async function* signInPages({ client, id }: UserPool): AsyncGenerator<SignIn[]> {
  for await (const { Users } of paginateListUsers({ client, pageSize: 60 }, { UserPoolId: id })) {
    yield (Users ?? []).map(signIn);
  }
}

function signIn({ Username, Attributes, UserStatus, Enabled }: UserType): SignIn {
  const attributes = new Map(Attributes?.map(({ Name, Value }) => [Name, Value]));
  return {
    username: Username ?? '',
    sub: attributes.get('sub') ?? '',
    handle: attributes.get('preferred_username'),
    name: attributes.get('name'),
    email: attributes.get('email'),
    status: UserStatus ?? '',
    isEnabled: Enabled ?? true,
  };
}

export type SyncResult = { created: users.User[]; withoutEmail: users.User[]; seen: number };

/**
 * Creates the people that the sign-up trigger missed. People who have not confirmed their address are left out, because
 * their sign-up is not complete. Safe to repeat, and safe while people sign up.
 */
export async function syncUsers(userPool: UserPool, pool: Pool): Promise<SyncResult> {
  const result: SyncResult = { created: [], withoutEmail: [], seen: 0 };
  for await (const page of signInPages(userPool)) {
    result.seen += page.length;
    const confirmed = page.filter(({ sub, status }) => sub && status !== 'UNCONFIRMED');
    const known = await users.findBySubs(
      pool,
      confirmed.map(({ sub }) => sub),
    );
    for (const { sub, handle, name, email } of confirmed) {
      if (known.has(sub)) continue;
      const user = await users.insertFromSignUp(pool, { sub, preferredUsername: handle, name, email });
      result.created.push(user);
      if (email && !user.email) result.withoutEmail.push(user);
    }
  }
  return result;
}

/** Returns false if the user pool does not have the person. Safe to repeat. */
export async function setSignInEnabled(userPool: UserPool, sub: string, isEnabled: boolean) {
  const Username = await usernameOf(userPool, sub);
  if (!Username) return false;
  const Command = isEnabled ? AdminEnableUserCommand : AdminDisableUserCommand;
  await userPool.client.send(new Command({ UserPoolId: userPool.id, Username }));
  return true;
}
