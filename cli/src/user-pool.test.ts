import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  InitiateAuthCommand,
  SignUpCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import * as signIns from '@parley/core/people/sign-ins';
import * as users from '@parley/core/people/users';
import { userPoolClientId, userPoolId } from '@parley/engines/cognito-local';
import { launch } from '@parley/engines/launch';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import getPort from 'get-port';
import {
  createUserPool,
  type SignIn,
  setSignInEnabled,
  signInPages,
  syncUsers,
  type UserPool,
} from './user-pool.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let engine: { url: string; stop(): Promise<void> };
let userPool: UserPool;
const dir = mkdtempSync(join(tmpdir(), 'parley-user-pool-'));

beforeAll(async () => {
  database = await createTestDatabase();
  engine = await launch('cognito', { port: await getPort(), dir, runnerUrl: 'http://127.0.0.1:9' });
  userPool = createUserPool({
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: engine.url,
    COGNITO_USER_POOL_ID: userPoolId,
  });
});
afterAll(async () => {
  userPool.client.destroy();
  await engine.stop();
  await database.close();
  rmSync(dir, { recursive: true });
});

const Password = 'Correct-horse-1';

async function makeSignIn(handle: string) {
  const email = `${handle}@example.com`;
  const attributes = {
    preferred_username: handle,
    name: handle.toUpperCase(),
    email,
    email_verified: 'true',
  };
  const { User } = await userPool.client.send(
    new AdminCreateUserCommand({
      UserPoolId: userPoolId,
      Username: email,
      UserAttributes: Object.entries(attributes).map(([Name, Value]) => ({ Name, Value })),
      MessageAction: 'SUPPRESS',
    }),
  );
  await userPool.client.send(
    new AdminSetUserPasswordCommand({ UserPoolId: userPoolId, Username: email, Password, Permanent: true }),
  );
  return User?.Attributes?.find(({ Name }) => Name === 'sub')?.Value ?? '';
}

async function findSignIn(sub: string): Promise<SignIn | undefined> {
  for await (const page of signInPages(userPool)) {
    const found = page.find((person) => person.sub === sub);
    if (found) return found;
  }
  return undefined;
}

it('creates the people that the trigger missed, once, except unconfirmed ones', async () => {
  const [ada, grace] = [await makeSignIn('ada'), await makeSignIn('grace')];
  const known = await users.insertFromSignUp(database.pool, { sub: grace, preferredUsername: 'grace' });
  await userPool.client.send(
    new SignUpCommand({
      ClientId: userPoolClientId,
      Username: 'late@example.com',
      Password,
      UserAttributes: [{ Name: 'email', Value: 'late@example.com' }],
    }),
  );
  const result = await syncUsers(userPool, database.pool);
  expect(result.seen).toBe(3);
  expect(result.created).toEqual([await users.findBySub(database.pool, ada)]);
  expect(result.created[0]).toMatchObject({ handle: 'ada', display_name: 'ADA', email: 'ada@example.com' });
  expect(await users.findBySub(database.pool, grace)).toEqual(known);
  expect((await syncUsers(userPool, database.pool)).created).toEqual([]);
});

it('reports people whose e-mail address belongs to somebody else already', async () => {
  await users.insertFromSignUp(database.pool, { sub: randomUUID(), email: 'linus@example.com' });
  const sub = await makeSignIn('linus');
  const { withoutEmail } = await syncUsers(userPool, database.pool);
  expect(withoutEmail.map(({ cognito_user_id }) => cognito_user_id)).toEqual([sub]);
});

it('deletes a sign-in for good, and may be repeated', async () => {
  const sub = await makeSignIn('hedy');
  for (const _ of [1, 2]) await signIns.remove(userPool, sub);
  expect(await findSignIn(sub)).toBeUndefined();
  const other = await makeSignIn('mary');
  const { AuthenticationResult } = await userPool.client.send(
    new InitiateAuthCommand({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: userPoolClientId,
      AuthParameters: { USERNAME: 'mary@example.com', PASSWORD: Password },
    }),
  );
  await signIns.removeOwn(userPool, AuthenticationResult?.AccessToken ?? '');
  expect(await findSignIn(other)).toBeUndefined();
});

it('disables and enables a sign-in, and reports a missing one', async () => {
  const sub = await makeSignIn('barbara');
  expect(await setSignInEnabled(userPool, sub, false)).toBe(true);
  expect(await setSignInEnabled(userPool, sub, false)).toBe(true);
  expect((await findSignIn(sub))?.isEnabled).toBe(false);
  expect(await setSignInEnabled(userPool, sub, true)).toBe(true);
  expect((await findSignIn(sub))?.isEnabled).toBe(true);
  expect(await setSignInEnabled(userPool, randomUUID(), false)).toBe(false);
});
