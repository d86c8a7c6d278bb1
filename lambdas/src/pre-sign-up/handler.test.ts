import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createPool } from '@parley/core/database/database';
import * as users from '@parley/core/people/users';
import { createDatabaseProxy } from '@parley/engines/testing/database-proxy';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import type { PreSignUpTriggerEvent } from 'aws-lambda';
import { createHandler } from './handler.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  database = await createTestDatabase();
  await users.insertFromSignUp(database.pool, { sub: 'maya', preferredUsername: 'Maya' });
});
afterAll(() => database.close());

/** An event as Cognito sends it. */
const event = (
  preferred_username: string | undefined,
  triggerSource: PreSignUpTriggerEvent['triggerSource'] = 'PreSignUp_SignUp',
): PreSignUpTriggerEvent => ({
  version: '1',
  region: 'us-east-1',
  userPoolId: 'us-east-1_example',
  userName: 'b4b8c4f8',
  callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId: 'client' },
  triggerSource,
  request: {
    userAttributes: {
      email: 'x@example.com',
      ...(preferred_username !== undefined && { preferred_username }),
    },
  },
  response: { autoConfirmUser: false, autoVerifyEmail: false, autoVerifyPhone: false },
});

it.each(['free', ' free ', '', undefined])(
  'lets a sign-up pass with a handle that is free, or none: %j',
  async (handle) => {
    const sent = event(handle);
    expect(await createHandler(database.pool)(sent)).toBe(sent);
  },
);

it.each([
  ['maya', 'handle_taken'],
  ['MAYA', 'handle_taken'],
  ['Zoë', 'handle_invalid'],
  ['..', 'handle_invalid'],
  ['deleted-x', 'handle_invalid'],
  ['x'.repeat(31), 'handle_invalid'],
])('refuses a sign-up with %s', async (handle, code) => {
  await expect(createHandler(database.pool)(event(handle))).rejects.toThrow(code);
});

it('does not check the handle of a person whom an administrator creates', async () => {
  const sent = event('maya', 'PreSignUp_AdminCreateUser');
  expect(await createHandler(database.pool)(sent)).toBe(sent);
});

it('lets a sign-up pass while Postgres is unreachable or does not answer', async () => {
  const proxy = await createDatabaseProxy(database.url);
  const pool = createPool({ connectionString: proxy.url, max: 1 });
  const warnings: string[] = [];
  const lines = {
    debug() {},
    info() {},
    error() {},
    warn: (_: object, message: string) => warnings.push(message),
  };
  proxy.freeze();
  const sent = event('maya');
  expect(await createHandler(pool, lines, 50)(sent)).toBe(sent);
  await proxy.close();
  expect(await createHandler(pool, lines)(sent)).toBe(sent);
  expect(warnings).toEqual(Array(2).fill('a sign-up was let through without a check of its handle'));
  await pool.end();
});
