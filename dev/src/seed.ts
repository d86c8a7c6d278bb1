import {
  AdminCreateUserCommand,
  AdminGetUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  UsernameExistsException,
} from '@aws-sdk/client-cognito-identity-provider';
import * as messageGroups from '@parley/core/conversations/message-groups';
import * as messages from '@parley/core/conversations/messages';
import { createPool } from '@parley/core/database/database';
import { createLog, type Log } from '@parley/core/log/log';
import * as users from '@parley/core/people/users';
import { closeTable, createTable } from '@parley/core/table/client';
import * as conversations from './demo-conversations.ts';
import { demoPassword, demoPeople as people } from './demo-people.ts';

export type SeedOptions = {
  AWS_REGION: string;
  AWS_ENDPOINT_URL_DYNAMODB: string;
  DDB_MESSAGE_TABLE: string;
  DDB_RUNNER_TABLE: string;
  DATABASE_URL: string;
  AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: string;
  COGNITO_USER_POOL_ID: string;
};

/**
 * Creates the demo people and conversations. Safe to repeat, because it finds existing people, and every message has a
 * key.
 */
export async function seed(options: SeedOptions) {
  await seedConversations(options, await seedPeople(options));
}

/** Creates sign-ins only at an embedded or local sign-in, never in a user pool on AWS. */
export async function seedPeople(options: SeedOptions): Promise<People> {
  const pool = createPool({ connectionString: options.DATABASE_URL, max: people.length });
  try {
    if (!options.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER) return await users.insertPeople(pool, people);
    const signUps = await createSignIns(options);
    const created = await Promise.all(signUps.map((signUp) => users.insertFromSignUp(pool, signUp)));
    return new Map(people.map(({ handle }, index) => [handle, found(created[index], handle)]));
  } finally {
    await pool.end();
  }
}

export async function seedConversations(options: SeedOptions, everyone: People) {
  const table = createTable({
    region: options.AWS_REGION,
    endpoint: options.AWS_ENDPOINT_URL_DYNAMODB,
    name: options.DDB_MESSAGE_TABLE,
    runnerName: options.DDB_RUNNER_TABLE,
  });
  const log = createLog(table, { batch: 'transactions' });
  try {
    await Promise.all([writeDirect(log, everyone), writeGroup(log, everyone)]);
  } finally {
    closeTable(table);
  }
}

/** By handle. */
type People = Map<string, users.Person>;

async function writeDirect(log: Log, everyone: People) {
  const [first, second] = [...new Set(conversations.direct.map(({ from }) => from))];
  for (const [index, { from, message }] of conversations.direct.entries()) {
    const sender = find(everyone, from);
    const recipient = find(everyone, (from === first ? second : first) ?? '');
    await messages.sendDirect(log, { sender, recipient, message, ...repeatable('direct', index) });
  }
}

async function writeGroup(log: Log, everyone: People) {
  const [creator, ...others] = people.map(({ handle }) => find(everyone, handle));
  const { group } = await messageGroups.create(log, {
    creator: found(creator, 'creator'),
    title: conversations.group.title,
    people: others,
    idempotencyKey: 'seed-group',
  });
  for (const [index, { from, message }] of conversations.group.messages.entries()) {
    await messages.send(log, {
      messageGroupUuid: group.message_group_uuid,
      sender: find(everyone, from),
      message,
      ...repeatable('group', index),
    });
  }
}

/** `index` entries precede this one, so a repeat finds it however long the log has grown. */
const repeatable = (name: string, index: number) => ({
  idempotencyKey: `seed-${name}-${index + 1}`,
  knownSeq: index,
});

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
): Promise<users.SignUp> {
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

function find(everyone: People, handle: string) {
  return found(everyone.get(handle), handle);
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`${name} was not created`);
  return value;
}
