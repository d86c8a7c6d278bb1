import { TransactGetCommand } from '@aws-sdk/lib-dynamodb';
import pLimit from 'p-limit';
import { faultsOf } from '../conversations/faults.ts';
import * as conversations from '../conversations/snapshot.ts';
import { type Finding, keyText } from '../log/fold.ts';
import type { Table } from '../table/client.ts';
import { type Key, memberKey, summaryKey } from '../table/keys.ts';
import { strangerFault } from './known-people.ts';
import type { CheckContext, Orphan, Suspect, Suspects } from './suspects.ts';

const rereadsInFlight = 4;

export type Rechecked = {
  findings: Finding[];
  suspects: Suspects;
  /** The number of conversations whose members changed during every read. It is not known whether they have faults. */
  unsettled: number;
};

/** Reads each suspect consistently. Returns certain findings, and the suspects that remain. */
export async function recheck(
  { table, knownPeople, isErased }: CheckContext,
  suspects: Suspects,
): Promise<Rechecked> {
  const limit = pLimit(rereadsInFlight);
  const findings: Finding[] = [];
  const remaining: Suspects = { conversations: [], orphans: [], strangers: [] };
  let unsettled = 0;
  const reread = async (suspect: Suspect) => {
    const conversation = await conversations.read(table, suspect.messageGroupUuid, {
      mark: suspect.mark,
      isErased,
    });
    if (!conversation) {
      unsettled += 1;
      remaining.conversations.push(suspect);
      return;
    }
    const { messageGroupUuid } = suspect;
    const strangers = (await knownPeople?.strangers([conversation]))?.get(messageGroupUuid) ?? [];
    const found = [...faultsOf(conversation), ...strangers.map(strangerFault(messageGroupUuid))];
    if (found.length > 0) remaining.conversations.push(suspect);
    remaining.strangers.push(...strangers);
    findings.push(...found);
  };
  const recheckOrphan = async (orphan: Orphan) => {
    if (!(await isOrphan(table, orphan))) return;
    remaining.orphans.push(orphan);
    const key = keyText(summaryKey(orphan.userUuid, orphan.messageGroupUuid));
    findings.push({ invariant: 5, key, detail: 'is a summary of a person who is not a member' });
  };
  await Promise.all([
    ...suspects.conversations.map((suspect) => limit(() => reread(suspect))),
    ...suspects.orphans.map((orphan) => limit(() => recheckOrphan(orphan))),
  ]);
  return { findings, suspects: remaining, unsettled };
}

/** Whether the summary exists and the member does not, read in one transaction. */
async function isOrphan(table: Table, { userUuid, messageGroupUuid }: Orphan): Promise<boolean> {
  const get = (Key: Key) => ({ Get: { TableName: table.name, Key } });
  const { Responses } = await table.doc.send(
    new TransactGetCommand({
      TransactItems: [
        get(summaryKey(userUuid, messageGroupUuid)),
        get(memberKey(messageGroupUuid, userUuid)),
      ],
    }),
  );
  return Responses?.[0]?.Item !== undefined && Responses[1]?.Item === undefined;
}
