import { migrate, migrationsTable } from '@parley/core/database';
import pg from 'pg';

export type MigrateOptions = {
  /** Connects as the owner of the schema. */
  owner: pg.ClientConfig;
  /** Folder of the numbered migrations. */
  dir: string;
  /** The role of the API and the Lambdas: it reads and writes people, and changes no schema. */
  appRole: string;
};

/** Brings the schema up to date and grants the application's role what it needs. Safe to repeat. */
export async function migrateAndGrant({ owner, dir, appRole }: MigrateOptions): Promise<string[]> {
  const applied = await migrate(owner, dir);
  const client = new pg.Client({ ...owner, application_name: 'parley-migrate' });
  client.on('error', () => {}); // It fails the query under way.
  await client.connect();
  try {
    await grant(client, appRole);
  } finally {
    await client.end();
  }
  return applied;
}

async function grant(client: pg.Client, appRole: string) {
  const role = pg.escapeIdentifier(appRole);
  const exists = async (name: string) =>
    (await client.query('select from pg_roles where rolname = $1', [name])).rowCount === 1;
  if (!(await exists(appRole))) await client.query(`create role ${role} login`);
  // On RDS alone: whoever holds it enters with a signed token.
  if (await exists('rds_iam')) await client.query(`grant rds_iam to ${role}`);
  const rights = 'select, insert, update, delete';
  await client.query(`grant usage on schema public to ${role}`);
  await client.query(`grant ${rights} on all tables in schema public to ${role}`);
  await client.query(`grant usage on all sequences in schema public to ${role}`);
  await client.query(`revoke all on ${migrationsTable} from ${role}`);
}
