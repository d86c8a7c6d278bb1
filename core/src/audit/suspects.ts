import type { Pool } from 'pg';
import * as erasures from '../erasure/erasures.ts';
import type { IsErased } from '../log/erased.ts';
import type { Person } from '../people/users.ts';
import type { Table } from '../table/client.ts';
import { createKnownPeople, type KnownPeople } from './known-people.ts';

/** A conversation that may have faults. Its summaries are correct if they show the entry `mark` or a later one. */
export type Suspect = { messageGroupUuid: string; mark: number };
/** A summary without a member. */
export type Orphan = { userUuid: string; messageGroupUuid: string };

/** Conversations that may have faults, summaries without a member, and people who are missing in Postgres. */
export type Suspects = { conversations: Suspect[]; orphans: Orphan[]; strangers: Person[] };

export const hasAny = ({ conversations, orphans }: Suspects) => conversations.length + orphans.length > 0;

/** The inputs of a check. `knownPeople` is undefined if it runs without Postgres. */
export type CheckContext = { table: Table; knownPeople: KnownPeople | undefined; isErased: IsErased };

export const contextOf = async (table: Table, pool: Pool | undefined): Promise<CheckContext> => ({
  table,
  knownPeople: pool && createKnownPeople(pool),
  isErased: pool ? await erasures.finished(pool) : () => false,
});
