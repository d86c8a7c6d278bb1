import { migrate, migrationsTable } from '@parley/core/database/database';
import pg from 'pg';

export type MigrateOptions = {
  /** Connects as the owner of the schema. */
  owner: pg.ClientConfig;
  /** Folder of the numbered migrations. */
  dir: string;
  /** The role of the API and the Lambdas: it reads and writes people, and changes no schema. */
  appRole: string;
  /** The longest time for one statement. A quarter of it is the longest wait for a lock, or for another migration. */
  statementTimeoutMs?: number;
};

/**
 * A statement that times out is followed by one that unlocks. Twice this time is less than the function's ten minutes.
 */
export const statementTimeoutMsDefault = 240_000;

/**
 * Applies the missing migrations, and grants the application's role its rights. Returns the migrations' names. Safe to
 * repeat.
 */
export async function migrateAndGrant({
  owner,
  dir,
  appRole,
  statementTimeoutMs = statementTimeoutMsDefault,
}: MigrateOptions): Promise<string[]> {
  const bounded = { ...owner, ...limits(statementTimeoutMs) };
  const applied = await migrate(bounded, dir);
  const client = new pg.Client({ ...bounded, application_name: 'parley-migrate' });
  client.on('error', () => {}); // A broken connection also fails its query.
  await client.connect();
  try {
    await grant(client, appRole);
  } finally {
    await client.end();
  }
  return applied;
}

/** Postgres cancels a slow statement. The client gives up a little later, for a server that no longer answers. */
const limits = (statementTimeoutMs: number): pg.ClientConfig => ({
  connectionTimeoutMillis: 10_000,
  // Short, because a migration that waits for a table's lock blocks everybody else who uses that table.
  lock_timeout: statementTimeoutMs / 4,
  statement_timeout: statementTimeoutMs,
  query_timeout: statementTimeoutMs * 1.1,
});

/** Creates the role if it is missing, and grants it the rights that the application needs. */
export async function grant(client: pg.ClientBase, appRole: string) {
  const role = pg.escapeIdentifier(appRole);
  const exists = async (name: string) =>
    (await client.query('select from pg_roles where rolname = $1', [name])).rowCount === 1;
  if (!(await exists(appRole))) await createRole(client, role);
  // Exists only on RDS. Members of this role connect with a signed token.
  if (await exists('rds_iam')) await client.query(`grant rds_iam to ${role}`);
  const rights = 'select, insert, update, delete';
  await client.query(`grant usage on schema public to ${role}`);
  await client.query(`grant ${rights} on all tables in schema public to ${role}`);
  // A restore sets the sequence of tones, which needs `update`.
  await client.query(`grant usage, update on all sequences in schema public to ${role}`);
  await client.query(`revoke all on ${migrationsTable}, ${migrationsTable}_id_seq from ${role}`);
}

/**
 * Since Postgres 16, a role becomes a member of the roles it creates. The owner would become a member of the
 * application's role and so of `rds_iam`. RDS refuses passwords of such members, so this function could not connect a
 * second time. Therefore a temporary role creates the application's role and is dropped.
 */
async function createRole(client: pg.ClientBase, role: string) {
  const maker = pg.escapeIdentifier('parley_maker');
  await client.query(`begin;
    create role ${maker} createrole;
    grant ${maker} to current_user;
    set local role ${maker};
    create role ${role} login;
    reset role;
    drop role ${maker};
    commit`);
}
