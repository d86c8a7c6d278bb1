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
 * Looks at a conversation now and then, and compares its summaries with its log: what `bin/check` does with all of
 * them, with a bounded cost for each.
 *
 * 1. A sample is the conversation of the first item after a random key.
 * 2. Its newest entries are folded as `bin/check` folds a log, from the oldest of them on; positions before that are
 *    compared with the entries they name. Summaries are read before the log, so the log holds what they show.
 * 3. A difference is a suspicion: the summary may be on its way. It is read again, twice, before it is told, and then
 *    need only have reached what was the newest entry at first. One that is known is read once, against the newest
 *    entry of the look before.
 */

/** Entries that are recounted. */
const tailEntries = 200;
/** Members whose summaries are looked at: of a larger group, those that follow a random uuid. */
const maxMembers = 25;
const itemsPerSample = 10;
/** A summary of a large conversation follows within 5 s. */
const settleMsDefault = [1_000, 6_000];

/**
 * The uuid of a random conversation; undefined where there is none. An item of a person's inbox counts for its
 * conversation as well. 5 read units at most, half of one as a rule.
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

/** How a conversation stands: its newest entry's seq, and what does not fit. */
export type Recount = { seq: number; findings: Finding[] };

/**
 * Compares the summaries of up to 25 members with the newest 200 entries. Summaries need only have reached `mark`.
 * Undefined where there is no such conversation, or its import is not done. About 30 read units for a group of ten, at
 * most some 1 + 2 + 25 + 75 and a unit for each 4 KB of the entries.
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
  // Members and titles are a matter of the whole log.
  const ofLog = history.findings.filter(({ invariant }) => invariant <= 2);
  const conversation = { history, group, members: some, summaries, leavers: new Set<string>() };
  const ofSummaries = history.isBroken ? [] : some.flatMap((member) => summaryFaults(conversation, member));
  return { seq: history.seq, findings: [...ofLog, ...ofSummaries] };
}

/** The newest entries, in order. */
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

/** The entries before the first that positions of summaries name, by seq. */
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
  /** Told once of a conversation, when it is found to differ. */
  onDrift: (messageGroupUuid: string, findings: Finding[]) => void;
  /** Whether summaries are known to be late: nobody is accused then. */
  isBehind?: () => boolean;
  /** Time that summaries are given before a suspect is read again, for each time. */
  settleMs?: number[];
};

export type DriftMonitor = ReturnType<typeof createDriftMonitor>;

/** Samples conversations, and remembers those that differ until they are right again. */
export function createDriftMonitor(
  table: Table,
  { onDrift, isBehind = () => false, settleMs = settleMsDefault }: DriftOptions,
) {
  /** Each with the newest entry's seq when it was looked at last, which its summaries have had the time to reach. */
  const differing = new Map<string, number>();
  let samples = 0;
  let found = 0;

  /** What is wrong with a conversation for certain; nothing where it fits, or cannot be judged now. */
  async function look(messageGroupUuid: string): Promise<Recount> {
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

  async function judge(messageGroupUuid: string) {
    samples += 1;
    const { seq, findings } = await look(messageGroupUuid);
    const wasKnown = differing.delete(messageGroupUuid);
    if (findings.length === 0) return;
    // The last of them now: each has its turn.
    differing.set(messageGroupUuid, seq);
    if (wasKnown) return;
    found += 1;
    onDrift(messageGroupUuid, findings);
  }

  return {
    /**
     * Looks at a random conversation, at one that was changed lately if any is given, and at one that differed; at none
     * that was seen. What it looks at is seen from then on.
     */
    async pass(recent?: string, seen = new Set<string>()) {
      const differed = [...differing.keys()].find((uuid) => !seen.has(uuid));
      for (const uuid of [recent, differed, await sample(table)]) {
        if (!uuid || seen.has(uuid)) continue;
        seen.add(uuid);
        await judge(uuid);
      }
    },
    /** Conversations looked at since the start, found to differ since then, and still differing. */
    counters: () => ({ samples, found, differing: differing.size }),
  };
}
