import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { flagsOf } from '@parley/contract/entry-kinds';
import { summaryFaults } from '../conversations/faults.ts';
import * as conversations from '../conversations/snapshot.ts';
import type { Summary } from '../inbox/summaries.ts';
import type { Entry } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import { createHistory, type Finding, type History } from '../log/fold.ts';
import * as members from '../log/members.ts';
import type { Table } from '../table/client.ts';
import { conversationPk, entryKey, type Key, parseKey, summariesPk } from '../table/keys.ts';
import { batchGet } from '../table/read.ts';

/*
 * Compares the summaries of sampled conversations with their logs. `bin/check` does this for all conversations; here
 * the cost of each sample is bounded.
 *
 * 1. A sample is the conversation of the first item after a random key.
 * 2. Its newest entries are folded as `bin/check` folds a log. A position before the oldest of them is compared with
 *    the entry it names. Summaries are read before the log, so the log holds every entry that they show.
 * 3. A difference may only mean that a summary is late. So the conversation is recounted twice, after a wait, before it
 *    is reported. These recounts accept a summary of any entry from the first recount's newest one on, because
 *    summaries of newer entries may be late.
 * 4. A conversation that is known to differ is recounted once, up to the newest entry of its last recount.
 */

/** The newest entries that a recount reads. */
const tailEntries = 200;
/** The members whose summaries a recount reads. In a larger group these are the ones after a random uuid. */
const maxMembers = 25;
const itemsPerSample = 10;
/** The waits before the second and the third recount. A summary of a large conversation follows within 5 s. */
const settleMsDefault = [1_000, 6_000];

/**
 * The uuid of a random conversation, or undefined if there is none. Half of the samples start at a random inbox, whose
 * first summary names the conversation. Usually half a read unit, at most 5.
 */
export async function sample(table: Table): Promise<string | undefined> {
  const pk = (Math.random() < 0.5 ? conversationPk : summariesPk)(randomUUID());
  const after = { pk, sk: '0' };
  for (const ExclusiveStartKey of [after, undefined]) {
    const { Items = [] } = await table.doc.send(
      new ScanCommand({ TableName: table.name, Limit: itemsPerSample, ExclusiveStartKey }),
    );
    for (const item of Items) {
      const key = parseKey(item as Key);
      if ('messageGroupUuid' in key) return key.messageGroupUuid;
    }
  }
  return undefined;
}

/** The sequence number of a conversation's newest entry, and the differences that were found. */
export type Recount = { seq: number; findings: Finding[] };

/**
 * Compares the summaries of up to 25 members with the newest 200 entries. About 30 read units for a group of ten; at
 * most about 100, and one for each 4 KB of entries.
 *
 * @param mark A sequence number: a summary is correct if it shows this entry or a newer one.
 * @returns Undefined if there is no such conversation, or if its import is not finished.
 */
export async function recount(
  table: Table,
  messageGroupUuid: string,
  mark = Number.POSITIVE_INFINITY,
): Promise<Recount | undefined> {
  const group = await members.group(table, messageGroupUuid);
  if (!group) return undefined;
  const some = await someMembers(table, group);
  const stored = await conversations.readSummaries(table, [{ uuid: messageGroupUuid, members: some }]);
  const summaries = stored.get(messageGroupUuid) ?? new Map<string, Summary>();
  const tail = await readTail(table, messageGroupUuid);
  if ('unreadable' in tail)
    return { seq: mark, findings: [{ invariant: 1, key: messageGroupUuid, detail: tail.unreadable }] };
  const [first] = tail;
  if (!first) return undefined;
  const earlier = await earlierEntries(table, first, [...summaries.values()]);
  const history = foldTail(tail, earlier, mark);
  // Findings about members and titles need the whole log, so they are left out here.
  const ofLog = history.findings.filter(({ invariant }) => invariant <= 2);
  const conversation = { history, group, members: some, summaries, leavers: new Set<string>() };
  const ofSummaries = history.isBroken ? [] : some.flatMap((member) => summaryFaults(conversation, member));
  return { seq: history.seq, findings: [...ofLog, ...ofSummaries] };
}

/** The newest entries in ascending order, or the error of an entry that cannot be parsed. */
async function readTail(table: Table, messageGroupUuid: string): Promise<Entry[] | { unreadable: string }> {
  try {
    const options = { order: 'descending', limit: tailEntries } as const;
    return (await entries.range(table, messageGroupUuid, options)).entries.reverse();
  } catch (error) {
    if (error instanceof TypeError) return { unreadable: error.message };
    throw error;
  }
}

async function someMembers(table: Table, { message_group_uuid, member_count }: members.Group) {
  const options =
    member_count > maxMembers ? { after: randomUUID(), limit: maxMembers } : { limit: maxMembers };
  const { members: some } = await members.page(table, message_group_uuid, options);
  if (some.length > 0) return some;
  return (await members.page(table, message_group_uuid, { limit: maxMembers })).members;
}

/** The entries before `first` that the summaries' positions name, by sequence number. */
async function earlierEntries(table: Table, first: Entry, summaries: Summary[]): Promise<Map<number, Entry>> {
  const seqs = summaries
    .flatMap(({ last_seq, sent_seq, read_seq }) => [last_seq, sent_seq, read_seq])
    .filter((seq) => seq > 0 && seq < first.seq);
  const keys = [...new Set(seqs)].map((seq) => entryKey(first.message_group_uuid, seq));
  const found = (await batchGet(table, keys)).map(entries.entryFromItem);
  return new Map(found.map((entry) => [entry.seq, entry]));
}

function foldTail(tail: Entry[], earlier: Map<number, Entry>, mark: number): History {
  const [first] = tail;
  const history = createHistory(first?.message_group_uuid ?? '', { mark });
  if (!first) return history;
  history.seq = first.seq - 1;
  history.messageCount = first.message_count - (flagsOf(first).countsAsMessage ? 1 : 0);
  const inOrder = [...earlier.values()].sort((one, other) => one.seq - other.seq);
  for (const { type, seq, message_count: count, user_uuid } of inOrder)
    if (flagsOf({ type }).countsAsMessage) history.own.set(user_uuid, { seq, count });
  for (const entry of tail) history.apply(entry);
  const { countAt, entryAt } = history;
  history.countAt = (seq) => {
    if (seq > 0 && seq < first.seq) return earlier.get(seq)?.message_count;
    return countAt(seq);
  };
  history.entryAt = (seq) => earlier.get(seq) ?? entryAt(seq);
  return history;
}

export type DriftOptions = {
  /** Called once when a conversation is found to differ. */
  onDrift: (messageGroupUuid: string, findings: Finding[]) => void;
  /** Whether summaries are known to be late. Then nothing is reported. */
  isBehind?: () => boolean;
  /** The waits in milliseconds, one before each further recount of a difference. */
  settleMs?: number[];
};

export type DriftMonitor = ReturnType<typeof createDriftMonitor>;

/** Samples conversations, and remembers those that differ until they are correct again. */
export function createDriftMonitor(
  table: Table,
  { onDrift, isBehind = () => false, settleMs = settleMsDefault }: DriftOptions,
) {
  /** Conversations that differ, each with the newest sequence number of its last recount. */
  const differing = new Map<string, number>();
  let samples = 0;
  let found = 0;

  /** Recounts until a difference is certain. No findings if there is none, or if summaries are known to be late. */
  async function confirm(messageGroupUuid: string): Promise<Recount> {
    const known = differing.get(messageGroupUuid);
    const first = (await recount(table, messageGroupUuid, known)) ?? { seq: 0, findings: [] };
    const { seq } = first;
    let { findings } = first;
    for (const ms of known === undefined ? settleMs : []) {
      if (findings.length === 0) break;
      await sleep(ms);
      findings = (await recount(table, messageGroupUuid, seq))?.findings ?? [];
    }
    return { seq, findings: isBehind() ? [] : findings };
  }

  async function check(messageGroupUuid: string) {
    samples += 1;
    const { seq, findings } = await confirm(messageGroupUuid);
    const wasKnown = differing.delete(messageGroupUuid);
    if (findings.length === 0) return;
    // It moves to the end of the map, so that `pass` checks all of them in turn.
    differing.set(messageGroupUuid, seq);
    if (wasKnown) return;
    found += 1;
    onDrift(messageGroupUuid, findings);
  }

  return {
    /**
     * Checks a random conversation, one that differed, and `recent` if it is given. Skips the conversations in `seen`,
     * and adds those that it checks.
     */
    async pass(recent?: string, seen = new Set<string>()) {
      const differed = [...differing.keys()].find((uuid) => !seen.has(uuid));
      for (const uuid of [recent, differed, await sample(table)]) {
        if (!uuid || seen.has(uuid)) continue;
        seen.add(uuid);
        await check(uuid);
      }
    },
    /** Conversations that were checked and found to differ since the start, and the number that differ now. */
    counters: () => ({ samples, found, differing: differing.size }),
  };
}
