import type { Pool } from 'pg';
import * as erasures from '../erasure/erasures.ts';
import type { IsErased } from '../log/erased.ts';
import type { Person } from '../people/users.ts';
import type { Table } from '../table/client.ts';
import { createKnownPeople, type KnownPeople } from './known-people.ts';

/** A conversation that may be wrong. Its summaries need only have reached the entry `mark`. */
export type Suspect = { messageGroupUuid: string; mark: number };
/** A summary without a member. */
export type Orphan = { userUuid: string; messageGroupUuid: string };

/** What the findings are about: conversations, summaries without a member, and people who are missing in Postgres. */
export type Accused = { conversations: Suspect[]; orphans: Orphan[]; strangers: Person[] };

export const hasAny = ({ conversations, orphans }: Accused) => conversations.length + orphans.length > 0;

/** Without a pool, people are not looked up in Postgres. */
export type CheckContext = { table: Table; knownPeople: KnownPeople | undefined; isErased: IsErased };

export const contextOf = async (table: Table, pool: Pool | undefined): Promise<CheckContext> => ({
  table,
  knownPeople: pool && createKnownPeople(pool),
  isErased: pool ? await erasures.finished(pool) : () => false,
});
