import { migrate, migrationsTable } from '@parley/core/database/database';
import pg from 'pg';

export type MigrateOptions = {
  /** Connects as the owner of the schema. */
  owner: pg.ClientConfig;
  /** Folder of the numbered migrations. */
  dir: string;
  /** The role of the API and the Lambdas: it reads and writes people, and changes no schema. */
  appRole: string;
  /** How long Postgres may take for one statement; a quarter of it for a lock, that of another migration included. */
  statementTimeoutMs?: number;
};

/** Twice, as what gave up also unlocks, it is less than the ten minutes of the function. */
export const statementTimeoutMsDefault = 240_000;

/** Brings the schema up to date and grants the application's role what it needs. Safe to repeat. */
export async function migrateAndGrant({
  owner,
  dir,
  appRole,
  statementTimeoutMs = statementTimeoutMsDefault,
}: MigrateOptions): Promise<string[]> {
  const bounded = { ...owner, ...limits(statementTimeoutMs) };
  const applied = await migrate(bounded, dir);
  const client = new pg.Client({ ...bounded, application_name: 'parley-migrate' });
  client.on('error', () => {}); // It fails the query under way.
  await client.connect();
  try {
    await grant(client, appRole);
  } finally {
    await client.end();
  }
  return applied;
}

/** Postgres ends what takes too long; the client, a little later, what a server that is away never answers. */
const limits = (statementTimeoutMs: number): pg.ClientConfig => ({
  connectionTimeoutMillis: 10_000,
  // Whoever uses a table waits behind a change of it that waits.
  lock_timeout: statementTimeoutMs / 4,
  statement_timeout: statementTimeoutMs,
  query_timeout: statementTimeoutMs * 1.1,
});

/** Makes the role where it is missing, and grants it what the application needs. */
export async function grant(client: pg.ClientBase, appRole: string) {
  const role = pg.escapeIdentifier(appRole);
  const exists = async (name: string) =>
    (await client.query('select from pg_roles where rolname = $1', [name])).rowCount === 1;
  if (!(await exists(appRole))) await createRole(client, role);
  // On RDS alone: whoever holds it enters with a signed token.
  if (await exists('rds_iam')) await client.query(`grant rds_iam to ${role}`);
  const rights = 'select, insert, update, delete';
  await client.query(`grant usage on schema public to ${role}`);
  await client.query(`grant ${rights} on all tables in schema public to ${role}`);
  await client.query(`grant usage on all sequences in schema public to ${role}`);
  await client.query(`revoke all on ${migrationsTable} from ${role}`);
}

/**
 * Since Postgres 16 whoever makes a role is a member of it. The owner would thereby be one of `rds_iam` too, and RDS
 * lets no member of that in with a password: this function could enter once, and never again. So a role that makes the
 * application's one and is dropped at once is the member in the owner's place.
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
