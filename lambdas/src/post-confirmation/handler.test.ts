import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import * as users from '@parley/core/people/users';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import type { PostConfirmationTriggerEvent } from 'aws-lambda';
import { createHandler } from './handler.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

/** An event as Cognito sends it. */
function event(
  userAttributes: Record<string, string>,
  triggerSource: PostConfirmationTriggerEvent['triggerSource'] = 'PostConfirmation_ConfirmSignUp',
): PostConfirmationTriggerEvent {
  return {
    version: '1',
    region: 'us-east-1',
    userPoolId: 'us-east-1_example',
    userName: userAttributes.sub ?? '',
    callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId: 'client' },
    triggerSource,
    request: {
      userAttributes: { 'cognito:user_status': 'CONFIRMED', email_verified: 'true', ...userAttributes },
    },
    response: {},
  } as PostConfirmationTriggerEvent;
}

const ada = () => ({ sub: randomUUID(), preferred_username: 'ada', name: 'Ada', email: 'ada@example.com' });
const count = async () => {
  const { rows } = await database.pool.query<{ count: number }>('select count(*)::int as count from users');
  return rows[0]?.count;
};

it('inserts the person of a confirmed sign-up and returns the event', async () => {
  const attributes = ada();
  const sent = event(attributes);
  expect(await createHandler(database.pool)(sent)).toBe(sent);
  expect(await users.findBySub(database.pool, attributes.sub)).toMatchObject({
    handle: 'ada',
    display_name: 'Ada',
    email: 'ada@example.com',
  });
});

it('is safe to repeat and to run concurrently', async () => {
  const handler = createHandler(database.pool);
  const sent = event({ sub: randomUUID(), email: 'grace@example.com' });
  const before = (await count()) ?? 0;
  await Promise.all([handler(sent), handler(sent)]);
  await handler(sent);
  expect(await count()).toBe(before + 1);
});

it('does nothing for a forgotten password', async () => {
  const attributes = ada();
  const sent = event(attributes, 'PostConfirmation_ConfirmForgotPassword');
  expect(await createHandler(database.pool)(sent)).toBe(sent);
  expect(await users.findBySub(database.pool, attributes.sub)).toBeNull();
});

it('rejects an event without a person', async () => {
  await expect(createHandler(database.pool)(event({ email: 'x@example.com' }))).rejects.toThrow('no sub');
});
