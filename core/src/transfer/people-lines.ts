import { isReservedHandle } from '@parley/contract/handles';
import type { Pool } from 'pg';
import { tombstoneHandle } from '../log/erased.ts';
import { placeholderHandle } from '../people/placeholders.ts';
import { vacateTombstones } from '../people/tombstones.ts';
import { foldMissing } from '../people/user-search.ts';
import { erasedSub, isErasedSub } from '../people/users.ts';
import type { StateLine } from './export-format.ts';

/** A person's line in an export. Times are ISO 8601. */
export type PersonLine = {
  line: 'person';
  uuid: string;
  handle: string;
  display_name: string;
  bio: string;
  /** Missing in exports of earlier versions; the person then gets the next tone. */
  tone?: number | null;
  email: string | null;
  cognito_user_id: string | null;
  created_at: string;
  signed_out_at: string | null;
  disabled_at: string | null;
  erased_at: string | null;
  erasure_finished_at: string | null;
};

type Row = Record<string, string | number | Date | null> & {
  uuid: string;
  cognito_user_id: string | null;
};

const columns = [
  ...['uuid', 'handle', 'display_name', 'bio', 'tone', 'email', 'cognito_user_id'],
  ...['created_at', 'signed_out_at', 'disabled_at', 'erased_at', 'erasure_finished_at'],
];
const rowsPerQuery = 1_000;

/** Everybody in the order of their uuids, then the retired handles. */
export async function* everybody(pool: Pool): AsyncGenerator<StateLine> {
  let after: string | undefined;
  for (;;) {
    const { rows } = await pool.query<Row>(
      `select ${columns.join(', ')} from users where $1::uuid is null or uuid > $1 order by uuid limit ${rowsPerQuery}`,
      [after],
    );
    for (const row of rows) yield lineOf(row);
    after = rows.at(-1)?.uuid;
    if (rows.length < rowsPerQuery) break;
  }
  yield* retiredHandles(pool);
}

/** These people, in the order of their uuids. */
export async function* some(pool: Pool, uuids: Iterable<string>): AsyncGenerator<StateLine> {
  const sorted = [...uuids].sort();
  for (let start = 0; start < sorted.length; start += rowsPerQuery) {
    const { rows } = await pool.query<Row>(
      `select ${columns.join(', ')} from users where uuid = any($1::uuid[]) order by uuid`,
      [sorted.slice(start, start + rowsPerQuery)],
    );
    for (const row of rows) yield lineOf(row);
  }
}

async function* retiredHandles(pool: Pool): AsyncGenerator<StateLine> {
  let after = '';
  for (;;) {
    const { rows } = await pool.query<{ hash: string }>(
      `select encode(handle_hash, 'hex') as hash from retired_handles
       where handle_hash > decode($1, 'hex') order by handle_hash limit ${rowsPerQuery}`,
      [after],
    );
    for (const { hash } of rows) yield { line: 'retired_handle', hash };
    after = rows.at(-1)?.hash ?? after;
    if (rows.length < rowsPerQuery) return;
  }
}

function lineOf(row: Row): StateLine {
  const line = Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]),
  );
  // The row of an unfinished erasure still holds the sign-in. The export holds only its hash.
  const sub = row.erased_at ? row.cognito_user_id : null;
  if (sub !== null && !isErasedSub(sub)) line.cognito_user_id = erasedSub(sub);
  return { line: 'person', ...line };
}

/**
 * Inserts the missing people with their uuids. Existing people stay as they are. Returns the people who were not
 * inserted, because their handle, address or sign-in belongs to somebody else, or their handle is reserved. Safe to
 * repeat.
 */
export async function restore(pool: Pool, people: PersonLine[]): Promise<PersonLine[]> {
  const values = people.filter(isRestorable).map(({ line: _line, ...person }) => person);
  const erased = values.filter(({ erased_at }) => erased_at !== null);
  await vacateTombstones(
    pool,
    erased.map(({ uuid }) => uuid),
  );
  const { rows } = await pool.query<{ uuid: string }>(
    `with made as (
       insert into users (${columns.join(', ')})
       select ${columns.map((name) => (name === 'tone' ? keptTone : name)).join(', ')}
       from jsonb_to_recordset($1::jsonb) as person (
         uuid uuid, handle text, display_name text, bio text, tone smallint, email text, cognito_user_id text,
         created_at timestamptz, signed_out_at timestamptz, disabled_at timestamptz,
         erased_at timestamptz, erasure_finished_at timestamptz)
       order by uuid
       on conflict do nothing
       returning uuid)
     select uuid from made union select uuid from users where uuid = any($2::uuid[])`,
    [JSON.stringify(values), values.map(({ uuid }) => uuid)],
  );
  await foldMissing(pool);
  const present = new Set(rows.map(({ uuid }) => uuid));
  return people.filter(({ uuid }) => !present.has(uuid));
}

/** SQL: the tone of a restored person. */
const keptTone = "case when erased_at is null then coalesce(tone, nextval('users_tone')) end";

/** Sets the sequence of tones to the newest person's, so that the next person gets the tone after it. Safe to repeat. */
export async function continueTones(pool: Pool) {
  await pool.query(
    "select setval('users_tone', tone) from users where tone is not null order by created_at desc, uuid desc limit 1",
  );
}

/** A reserved handle can be restored if it belongs to the person's own tombstone or placeholder. */
function isRestorable({ uuid, handle, erased_at }: PersonLine): boolean {
  if (!isReservedHandle(handle)) return true;
  return handle === placeholderHandle(uuid) || (erased_at !== null && handle === tombstoneHandle(uuid));
}

export async function restoreRetiredHandles(pool: Pool, hashes: string[]) {
  await pool.query(
    `insert into retired_handles (handle_hash) select decode(hash, 'hex') from unnest($1::text[]) as hash
     on conflict do nothing`,
    [hashes],
  );
}
