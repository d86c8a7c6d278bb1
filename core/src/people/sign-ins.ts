import {
  AdminDeleteUserCommand,
  type CognitoIdentityProviderClient,
  DeleteUserCommand,
  GlobalSignOutCommand,
  ListUsersCommand,
  UserNotFoundException,
} from '@aws-sdk/client-cognito-identity-provider';

/** The Cognito user pool where people sign in. */
export type UserPool = { client: CognitoIdentityProviderClient; id: string };

/**
 * The person's username in the user pool, or undefined if the pool has no such person. Needs the right to ListUsers.
 */
export async function usernameOf({ client, id }: UserPool, sub: string): Promise<string | undefined> {
  const { Users } = await client.send(
    new ListUsersCommand({ UserPoolId: id, Filter: `sub = "${sub}"`, Limit: 1 }),
  );
  return Users?.[0]?.Username;
}

/** Deletes a sign-in permanently. Safe to repeat. Needs the right to ListUsers and AdminDeleteUser. */
export async function remove(userPool: UserPool, sub: string) {
  const Username = await usernameOf(userPool, sub);
  if (Username === undefined) return;
  try {
    await userPool.client.send(new AdminDeleteUserCommand({ UserPoolId: userPool.id, Username }));
  } catch (error) {
    if (!(error instanceof UserNotFoundException)) throw error;
  }
}

/** Deletes the sign-in that the access token belongs to. The token is the only right it needs. */
export async function removeOwn({ client }: UserPool, AccessToken: string) {
  await client.send(new DeleteUserCommand({ AccessToken }));
}

/** Revokes every token of the person, refresh tokens included. The access token is the only right it needs. */
export async function endAll(client: UserPool['client'], AccessToken: string) {
  await client.send(new GlobalSignOutCommand({ AccessToken }));
}
