import type { PGlite } from '@electric-sql/pglite';
import { parseMessage, sync } from './pglite-protocol.ts';

/** The part of a connection's session that can be saved and restored. */
export type SessionState = {
  settings: Record<string, string>;
  sessionUser: string;
  role: string;
  prepared: { name: string; statement: string; fromSql: boolean; types: number[] }[];
};

/**
 * `held` names what cannot be saved, such as a temporary table. Only its end or the connection's end frees the session.
 */
export type Snapshot = { state: SessionState | undefined; held: string | undefined };

/** The only user, and the name of the role while none is set. */
const owner = 'postgres';
const noRole = 'none';

export const emptyState = (): SessionState => ({
  settings: {},
  sessionUser: owner,
  role: noRole,
  prepared: [],
});

/** Statements that do not alter the session. After any other statement the session is compared. */
const plainStatement =
  /^\s*(?:select|insert|update|delete|merge|values|with|begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|show)\b/i;
const suspect = /set_config|advisory|temp|setval|;\s*\S/i;

/** Whether a statement may alter its session. A wrong yes costs only one query. */
export const mayAlterSession = (statement: string) =>
  !plainStatement.test(statement) || suspect.test(statement);

/** Custom settings are in no catalogue, so their names are taken from the statements that set them. */
export function customSettings(statement: string): string[] {
  const found = statement.matchAll(
    /(?:\bset\s+(?:session\s+)?|set_config\s*\(\s*')([a-z_]\w*\.[a-z_][\w.]*)/gi,
  );
  return [...found].map(([, name = '']) => name);
}

const snapshotQuery = `
  SELECT
    (SELECT pg_catalog.json_object_agg(name, setting) FROM pg_catalog.pg_settings WHERE source = 'session') AS settings,
    (SELECT pg_catalog.json_object_agg(n, pg_catalog.current_setting(n, true))
       FROM pg_catalog.unnest($1::text[]) AS n WHERE pg_catalog.current_setting(n, true) <> '') AS custom,
    session_user::text AS "sessionUser",
    pg_catalog.current_setting('role') AS role,
    (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', name, 'statement', statement, 'fromSql', from_sql,
       'types', pg_catalog.array_to_json(parameter_types::oid[]::int8[])))
       FROM pg_catalog.pg_prepared_statements WHERE name <> '') AS prepared,
    EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.pg_my_temp_schema()) AS "temporary tables",
    EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory') AS "advisory locks",
    EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE is_holdable) AS "cursors",
    EXISTS (SELECT pg_catalog.pg_listening_channels()) AS "LISTEN"`;
const heldThings = ['temporary tables', 'advisory locks', 'cursors', 'LISTEN'] as const;

type SnapshotRow = Omit<SessionState, 'settings' | 'prepared'> & {
  settings: Record<string, string> | null;
  custom: Record<string, string> | null;
  prepared: SessionState['prepared'] | null;
} & Record<(typeof heldThings)[number], boolean>;

/** Call only outside a transaction. `custom` are the names of custom settings that the connection has used. */
export async function takeSnapshot(db: PGlite, custom: readonly string[]): Promise<Snapshot> {
  const { rows } = await db.query<SnapshotRow>(snapshotQuery, [custom]);
  const [row] = rows;
  if (!row) throw new Error('Postgres did not return the state of its session');
  const { sessionUser, role } = row;
  const settings = { ...row.settings, ...row.custom };
  const prepared = row.prepared ?? [];
  const isEmpty =
    Object.keys(settings).length === 0 && prepared.length === 0 && sessionUser === owner && role === noRole;
  return {
    state: isEmpty ? undefined : { settings, sessionUser, role, prepared },
    held: heldThings.find((thing) => row[thing]),
  };
}

/** Sets the user by name, because DISCARD ALL cannot restore it in PGlite. */
export async function resetSession(db: PGlite) {
  await db.exec(`SET SESSION AUTHORIZATION ${owner}; RESET ROLE`);
  await db.exec('DISCARD ALL');
}

/** Sets the user last, because the user may lack the right to change the other settings. */
export async function restoreSession(db: PGlite, { settings, sessionUser, role, prepared }: SessionState) {
  if (Object.keys(settings).length > 0) {
    await db.query(
      'SELECT pg_catalog.set_config(key, value, false) FROM pg_catalog.json_each_text($1::json)',
      [JSON.stringify(settings)],
    );
  }
  for (const { name, statement, fromSql, types } of prepared) {
    if (fromSql) await db.exec(statement);
    else await db.execProtocol(Buffer.concat([parseMessage(name, statement, types), sync]));
  }
  if (sessionUser !== owner) await db.exec(`SET SESSION AUTHORIZATION ${quoted(sessionUser)}`);
  if (role !== noRole) await db.exec(`SET ROLE ${quoted(role)}`);
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Parameters that are not session settings, or that every connection has. */
const ignored = new Set(['user', 'database', 'replication', 'application_name', 'fallback_application_name']);

/** The settings of a start message: its own parameters, and those in `options` (`-c name=value`). */
export function startSettings(parameters: Record<string, string>): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(parameters)) {
    if (name === 'options') {
      for (const [, option = '', text = ''] of value.matchAll(/(?:-c\s*|--)([\w.-]+)=((?:\\.|\S)*)/g)) {
        settings[option.replaceAll('-', '_')] = text.replace(/\\(.)/g, '$1');
      }
    } else if (!ignored.has(name) && !(name === 'client_encoding' && /^'?utf-?8'?$/i.test(value))) {
      settings[name] = value;
    }
  }
  return settings;
}
