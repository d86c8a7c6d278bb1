import { setTimeout as sleep } from 'node:timers/promises';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Pool } from 'pg';
import { summaryFaults } from '../conversations/faults.ts';
import * as conversations from '../conversations/snapshot.ts';
import type { Finding } from '../log/fold.ts';
import * as placeholders from '../people/placeholders.ts';
import type { Table } from '../table/client.ts';
import { UnprocessedError } from '../table/faults.ts';
import { leftKey } from '../table/keys.ts';
import { type CheckOptions, check } from './check.ts';
import { erasureFaults } from './erasure-faults.ts';
import { rebuild } from './rebuild.ts';
import { recheck } from './recheck.ts';
import * as summaryWrites from './summary-writes.ts';
import { type CheckContext, contextOf, type Suspect, type Suspects } from './suspects.ts';

/*
 * Rebuilds summaries from their logs while others write. Safe to repeat.
 *
 * A summary is rewritten on condition that it still has the positions that were read. A summary is created on condition
 * that its member exists, and deleted on condition that the member does not, so a concurrent membership change is safe.
 * Correct summaries are not written. After a refused write the conversation is read again, until it is correct.
 */

export type Repaired = { rewritten: number; created: number; deleted: number };
export type RepairResult = Repaired & {
  /** The number of people who were missing in Postgres and got a placeholder. */
  placeholders: number;
  /** The remaining findings. Only summaries and missing people can be repaired. */
  findings: Finding[];
  /** The number of conversations and summaries that could not be written yet. Repeat the repair for them. */
  unsettled: number;
};

/**
 * Compares every summary with its log and rebuilds those that differ, after a gap in the stream or a restore. Rejects
 * if the table did not accept every write.
 */
export async function repairSummaries(table: Table, options: CheckOptions = {}): Promise<Repaired> {
  const { suspects } = await check(table, undefined, options);
  const { rewritten, created, deleted, unsettled } = await repair(table, undefined, suspects);
  // The caller must repeat the repair before it continues.
  if (unsettled > 0) throw new UnprocessedError(`${unsettled} conversations could not be repaired yet`);
  return { rewritten, created, deleted };
}

/**
 * Rebuilds the summaries that a check found to be wrong. With a pool it also uses the names in Postgres, inserts
 * placeholders for missing people (placeholders.ts), and reports unfinished erasures.
 */
export async function repair(
  table: Table,
  pool: Pool | undefined,
  suspects: Suspects,
  { letterBucket }: Pick<CheckOptions, 'letterBucket'> = {},
): Promise<RepairResult> {
  const context = await contextOf(table, pool);
  const inserted = pool ? await placeholders.insert(pool, suspects.strangers) : 0;
  const done: Repaired = { rewritten: 0, created: 0, deleted: 0 };
  let unsettled = 0;
  for (const suspect of suspects.conversations)
    if (!(await repairConversation(context, pool, suspect, done))) unsettled += 1;
  for (const orphan of suspects.orphans) if (await summaryWrites.remove(table, orphan)) done.deleted += 1;
  const { findings, suspects: left } = await recheck(context, suspects);
  return {
    ...done,
    placeholders: inserted,
    findings: [...findings, ...(await erasureFaults({ table, letterBucket }, pool))],
    unsettled: unsettled + left.orphans.length,
  };
}

const maxAttempts = 6;

/** Returns false if the table did not accept the writes. Faults outside of summaries do not count. */
async function repairConversation(
  context: CheckContext,
  pool: Pool | undefined,
  suspect: Suspect,
  done: Repaired,
): Promise<boolean> {
  let { mark } = suspect;
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    if (attempt > 1) await sleep(Math.random() * 25 * 2 ** attempt);
    const { isDone, hasCreated } = await repairOnce(context, pool, { ...suspect, mark }, done);
    if (isDone && !hasCreated) return true;
    // The projector may have skipped a summary before its creation, so read once more, up to the newest entry.
    if (hasCreated) mark = Number.POSITIVE_INFINITY;
  }
  return false;
}

/**
 * `isDone`: the table accepted every write. `hasCreated`: a summary was missing, even if its creation was refused,
 * because a refusal may follow a lost answer.
 */
async function repairOnce(
  { table, isErased }: CheckContext,
  pool: Pool | undefined,
  { messageGroupUuid, mark }: Suspect,
  done: Repaired,
): Promise<{ isDone: boolean; hasCreated: boolean }> {
  const conversation = await conversations.read(table, messageGroupUuid, { mark, isErased });
  if (!conversation) return { isDone: false, hasCreated: false };
  const { history, group, leavers } = conversation;
  if (!group || history.isBroken) return { isDone: true, hasCreated: false };
  let isDone = true;
  let hasCreated = false;
  for (const userUuid of history.left)
    if (!leavers.has(userUuid)) await putLeaver(table, messageGroupUuid, userUuid);
  for (const member of conversation.members) {
    if (summaryFaults(conversation, member).length === 0) continue;
    const stored = conversation.summaries.get(member.user_uuid);
    const item = await rebuild(pool, conversation, member, stored);
    if (!item) continue;
    if (!stored) hasCreated = true;
    const isWritten = stored
      ? await summaryWrites.rewrite(table, stored, item)
      : await summaryWrites.create(table, messageGroupUuid, member, item);
    if (!isWritten) isDone = false;
    else if (stored) done.rewritten += 1;
    else done.created += 1;
  }
  return { isDone, hasCreated };
}

const putLeaver = (table: Table, messageGroupUuid: string, userUuid: string) =>
  table.doc.send(new PutCommand({ TableName: table.name, Item: leftKey(userUuid, messageGroupUuid) }));
