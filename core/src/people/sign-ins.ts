import {
  AdminDeleteUserCommand,
  type CognitoIdentityProviderClient,
  DeleteUserCommand,
  GlobalSignOutCommand,
  ListUsersCommand,
  UserNotFoundException,
} from '@aws-sdk/client-cognito-identity-provider';

/** Where people sign in. */
export type UserPool = { client: CognitoIdentityProviderClient; id: string };

/** The user pool's own name of a person; undefined where it does not know them (any more). */
export async function usernameOf({ client, id }: UserPool, sub: string): Promise<string | undefined> {
  const { Users } = await client.send(
    new ListUsersCommand({ UserPoolId: id, Filter: `sub = "${sub}"`, Limit: 1 }),
  );
  return Users?.[0]?.Username;
}

/** Deletes a sign-in for good. Safe to repeat. Needs the right to ListUsers and AdminDeleteUser. */
export async function remove(userPool: UserPool, sub: string) {
  const Username = await usernameOf(userPool, sub);
  if (Username === undefined) return;
  try {
    await userPool.client.send(new AdminDeleteUserCommand({ UserPoolId: userPool.id, Username }));
  } catch (error) {
    if (!(error instanceof UserNotFoundException)) throw error;
  }
}

/** Deletes one's own sign-in, by one's own access token: needs no right of ours. */
export async function removeOwn({ client }: UserPool, AccessToken: string) {
  await client.send(new DeleteUserCommand({ AccessToken }));
}

/** Ends every sign-in of a person, refresh tokens too, by one of their access tokens: needs no right of ours. */
export async function endAll(client: UserPool['client'], AccessToken: string) {
  await client.send(new GlobalSignOutCommand({ AccessToken }));
}
