import {
  AdminCreateUserCommand,
  AdminGetUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  UsernameExistsException,
} from '@aws-sdk/client-cognito-identity-provider';
import { createPool } from '@parley/core/database/database';
import * as users from '@parley/core/people/users';
import { closeTable, createTable } from '@parley/core/table/client';
import { linesOf as exportLines } from '@parley/core/transfer/export-format';
import { restore } from '@parley/core/transfer/restore';
import type { Pool } from 'pg';
import { demoConversations } from './demo-conversations.ts';
import { type Everyone, linesOf } from './demo-history.ts';
import { demoNeighbours, demoPassword, demoPeople as people } from './demo-people.ts';

export type SeedOptions = {
  AWS_REGION: string;
  AWS_ENDPOINT_URL_DYNAMODB: string;
  DDB_MESSAGE_TABLE: string;
  DDB_RUNNER_TABLE: string;
  DATABASE_URL: string;
  AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: string;
  COGNITO_USER_POOL_ID: string;
};

/** Creates the demo people and conversations. Safe to repeat, because it finds what exists. */
export async function seed(options: SeedOptions) {
  await seedConversations(options, await seedPeople(options));
}

/** Creates sign-ins only at an embedded or local sign-in, never in a user pool on AWS. */
export async function seedPeople(options: SeedOptions): Promise<Everyone> {
  const pool = createPool({ connectionString: options.DATABASE_URL, max: people.length });
  try {
    const everyone = new Map<string, users.Person>();
    if (options.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER) {
      // One after the other, so that their tones are the same everywhere.
      for (const signUp of await createSignIns(options))
        everyone.set(signUp.preferredUsername, await users.insertFromSignUp(pool, signUp));
    }
    const others = await users.insertPeople(pool, [...people, ...demoNeighbours]);
    for (const [handle, person] of others) everyone.set(handle, everyone.get(handle) ?? person);
    return everyone;
  } finally {
    await pool.end();
  }
}

/** Brings the conversations in as a restore does, so that each message has its time. What is there stays as it is. */
export async function seedConversations(options: SeedOptions, everyone: Everyone) {
  const table = createTable({
    region: options.AWS_REGION,
    endpoint: options.AWS_ENDPOINT_URL_DYNAMODB,
    name: options.DDB_MESSAGE_TABLE,
    runnerName: options.DDB_RUNNER_TABLE,
  });
  const pool = createPool({ connectionString: options.DATABASE_URL, max: people.length });
  async function* state(nowMs: number) {
    for (const conversation of demoConversations) yield* linesOf(conversation, everyone, nowMs);
  }
  async function* lines(nowMs: number) {
    let number = 0;
    for await (const text of exportLines('everything', state(nowMs), nowMs)) yield { number: ++number, text };
  }
  try {
    const nowMs = await joinedAtMs(pool, everyone);
    await restore(table, pool, () => lines(nowMs));
  } finally {
    closeTable(table);
    await pool.end();
  }
}

/** When the newest of these people joined: the same after an interruption, so that messages keep their times. */
async function joinedAtMs(pool: Pool, everyone: Everyone): Promise<number> {
  const { rows } = await pool.query<{ at: Date }>(
    'select max(created_at) as at from users where uuid = any($1::uuid[])',
    [[...everyone.values()].map(({ uuid }) => uuid)],
  );
  return found(rows[0]?.at, 'everybody').getTime();
}

async function createSignIns(options: SeedOptions) {
  const client = new CognitoIdentityProviderClient({
    region: options.AWS_REGION,
    endpoint: options.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  try {
    return await Promise.all(
      people.map((person) => createSignIn(client, options.COGNITO_USER_POOL_ID, person)),
    );
  } finally {
    client.destroy();
  }
}

async function createSignIn(
  client: CognitoIdentityProviderClient,
  UserPoolId: string,
  { handle, display_name, email }: (typeof people)[number],
): Promise<users.SignUp & { preferredUsername: string }> {
  const user = { UserPoolId, Username: email };
  const attributes = { preferred_username: handle, name: display_name, email, email_verified: 'true' };
  const UserAttributes = Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
  try {
    await client.send(new AdminCreateUserCommand({ ...user, UserAttributes, MessageAction: 'SUPPRESS' }));
  } catch (error) {
    if (!(error instanceof UsernameExistsException)) throw error;
  }
  const created = await client.send(new AdminGetUserCommand(user));
  if (created.UserStatus === 'FORCE_CHANGE_PASSWORD') {
    await client.send(new AdminSetUserPasswordCommand({ ...user, Password: demoPassword, Permanent: true }));
  }
  const sub = created.UserAttributes?.find(({ Name }) => Name === 'sub')?.Value;
  return { sub: found(sub, email), preferredUsername: handle, name: display_name, email };
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`${name} was not created`);
  return value;
}
