import { setTimeout as sleep } from 'node:timers/promises';
import { TransactGetCommand } from '@aws-sdk/lib-dynamodb';
import pLimit from 'p-limit';
import type { Pool } from 'pg';
import * as conversations from '../conversations/snapshot.ts';
import type { LetterBucket } from '../dead-letters/letter-bucket.ts';
import * as deadLetters from '../erasure/dead-letters.ts';
import * as erasures from '../erasure/erasures.ts';
import { entryFromItem } from '../log/entries.ts';
import type { IsErased } from '../log/erased.ts';
import { createHistory, type Finding, type History, keyText } from '../log/fold.ts';
import * as members from '../log/members.ts';
import type { Person } from '../people/users.ts';
import type { Table } from '../table/client.ts';
import { type Key, memberKey, type ParsedKey, parseKey, summaryKey } from '../table/keys.ts';
import { batchGet, type Item, scanPages } from '../table/read.ts';
import { createRegister, type Register, strangerFault } from './known-people.ts';

/*
 * Verifies the invariants on a live system, a page of the table at a time.
 *
 * 1. The scan hands over a conversation's entries in order, then the group, then its members: each is folded as it
 *    passes, and compared with what comes after it and with the members' summaries. A summary found on its own is
 *    looked up among the members.
 * 2. What does not fit is a suspect: it may have changed while it was read, or its summaries may be on their way.
 * 3. Suspects are read again, each in one piece, after a second and again when the trailing pass has had its time.
 *    Summaries need only show what was the newest entry when the scan passed. What then still does not fit, is told.
 */

export type Counters = {
  items: number;
  conversations: number;
  entries: number;
  messages: number;
  members: number;
  summaries: number;
  /** People with at least one conversation. */
  people: number;
  /** Items Parley does not know: an older layout, a row made by hand. */
  unknown: number;
};

export type Suspect = { messageGroupUuid: string; mark: number };
export type Orphan = { userUuid: string; messageGroupUuid: string };

/** The conversations, the summaries of nobody, and the people who are not in Postgres, that findings are about. */
export type Accused = { conversations: Suspect[]; orphans: Orphan[]; strangers: Person[] };

export type CheckResult = {
  findings: Finding[];
  counters: Counters;
  accused: Accused;
  /** Conversations whose members changed each time they were read: neither cleared nor accused. */
  unsettled: number;
};

export type CheckOptions = {
  /** Told how many items were read so far. */
  onProgress?: ((items: number) => void) | undefined;
  /** Time that summaries are given before a suspect is read again, for each time. */
  settleMs?: number[];
  /** Where dead letters are on AWS. */
  letterBucket?: LetterBucket | undefined;
};

const settleMsDefault = [1_000, 6_000];
const rereadsInFlight = 4;

/** Without a pool, whether people exist in Postgres (invariant 7) is not looked at. */
export async function check(
  table: Table,
  pool: Pool | undefined,
  { onProgress, settleMs = settleMsDefault, letterBucket }: CheckOptions = {},
): Promise<CheckResult> {
  const context = await contextOf(table, pool);
  const scan = createScan(context);
  for await (const page of scanPages(table)) {
    await scan.take(page);
    onProgress?.(scan.counters.items);
  }
  await scan.end();
  const scannedAtMs = performance.now();
  let result: Omit<CheckResult, 'counters'> = { ...nothing, accused: scan.suspects };
  for (const ms of settleMs) {
    if (!hasAny(result.accused)) break;
    await sleep(Math.max(0, scannedAtMs + ms - performance.now()));
    result = await recheck(context, result.accused);
  }
  const findings = [...result.findings, ...(await erasureFaults({ table, letterBucket }, pool))];
  return { ...result, findings, counters: scan.counters };
}

export type CheckContext = { table: Table; register: Register | undefined; isErased: IsErased };

export const contextOf = async (table: Table, pool: Pool | undefined): Promise<CheckContext> => ({
  table,
  register: pool && createRegister(pool),
  isErased: pool ? await erasures.finished(pool) : () => false,
});

/** An erasure takes a minute, and as long as the person's conversations are long. */
const erasureMs = 10 * 60_000;

/** What erasures have left undone outside of conversations. */
export async function erasureFaults(
  places: deadLetters.LetterPlaces,
  pool: Pool | undefined,
): Promise<Finding[]> {
  if (!pool) return [];
  const found: Finding[] = [];
  const isErased = await erasures.finished(pool);
  for await (const { name } of deadLetters.holding(places, isErased))
    found.push({ invariant: 8, key: name, detail: 'is a dead letter with what is of an erased person' });
  for (const { uuid, erased_at } of await erasures.unfinished(pool)) {
    if (Date.now() - erased_at.getTime() < erasureMs) continue;
    const detail = `is erased since ${erased_at.toISOString()}, and not to the end: bin/erase-person --unfinished`;
    found.push({ invariant: 8, key: `users ${uuid}`, detail });
  }
  return found;
}

const nothing = { findings: [], unsettled: 0 };
const hasAny = ({ conversations, orphans }: Accused) => conversations.length + orphans.length > 0;

/** Reads suspects in one piece each. What this finds is so. */
export async function recheck(
  { table, register, isErased }: CheckContext,
  suspects: Accused,
): Promise<Omit<CheckResult, 'counters'>> {
  const limit = pLimit(rereadsInFlight);
  const findings: Finding[] = [];
  const accused: Accused = { conversations: [], orphans: [], strangers: [] };
  let unsettled = 0;
  const reread = async (suspect: Suspect) => {
    const conversation = await conversations.read(table, suspect.messageGroupUuid, {
      mark: suspect.mark,
      isErased,
    });
    if (!conversation) {
      unsettled += 1;
      accused.conversations.push(suspect);
      return;
    }
    const { messageGroupUuid } = suspect;
    const strangers = (await register?.strangers([conversation]))?.get(messageGroupUuid) ?? [];
    const found = [...conversations.faults(conversation), ...strangers.map(strangerFault(messageGroupUuid))];
    if (found.length > 0) accused.conversations.push(suspect);
    accused.strangers.push(...strangers);
    findings.push(...found);
  };
  const look = async (orphan: Orphan) => {
    if (!(await isOrphan(table, orphan))) return;
    accused.orphans.push(orphan);
    const key = keyText(summaryKey(orphan.userUuid, orphan.messageGroupUuid));
    findings.push({ invariant: 5, key, detail: 'is a summary of somebody who is no member' });
  };
  await Promise.all([
    ...suspects.conversations.map((suspect) => limit(() => reread(suspect))),
    ...suspects.orphans.map((orphan) => limit(() => look(orphan))),
  ]);
  return { findings, accused, unsettled };
}

/** A summary without a member, both seen at one instant. */
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

type Scanned = { history: History; group?: members.Group; members: members.Member[] };

/** Takes the table's pages in order, and collects suspects. */
function createScan({ table, register, isErased }: CheckContext) {
  const counters: Counters = {
    items: 0,
    conversations: 0,
    entries: 0,
    messages: 0,
    members: 0,
    summaries: 0,
    people: 0,
    unknown: 0,
  };
  const suspects: Accused = { conversations: [], orphans: [], strangers: [] };
  let open: Scanned | undefined;
  let person: string | undefined;
  let closed: Scanned[] = [];
  let inboxes: Orphan[] = [];

  /** The conversation an item belongs to. Its items follow each other; if they did not, rereading would clear it. */
  function conversation(uuid: string): Scanned {
    if (open?.history.uuid === uuid) return open;
    close();
    open = { history: createHistory(uuid, { isErased }), members: [] };
    return open;
  }

  function close() {
    if (!open) return;
    counters.conversations += 1;
    counters.messages += open.history.messageCount;
    closed.push(open);
    open = undefined;
  }

  function takeItem(item: Item) {
    const key = parseKey(item as Key);
    counters.items += 1;
    if (key.item === 'entry') takeEntry(key, item);
    else if (key.item === 'group') conversation(key.messageGroupUuid).group = members.groupFromItem(item);
    else if (key.item === 'member') {
      counters.members += 1;
      conversation(key.messageGroupUuid).members.push(members.memberFromItem(item));
    } else if (key.item === 'summary') {
      counters.summaries += 1;
      if (key.userUuid !== person) counters.people += 1;
      person = key.userUuid;
      inboxes.push(key);
    } else if (key.item !== 'live' && key.item !== 'left') counters.unknown += 1;
  }

  function takeEntry(key: ParsedKey & { item: 'entry' }, item: Item) {
    const { history } = conversation(key.messageGroupUuid);
    counters.entries += 1;
    try {
      history.apply(entryFromItem(item));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      history.applyUnreadable(key.seq, error.message);
    }
  }

  async function verify() {
    const [scanned, found] = [closed, inboxes];
    [closed, inboxes] = [[], []];
    const roster = scanned.map(({ history, members }) => ({ uuid: history.uuid, members }));
    const [summaries, leavers, present, strangers] = await Promise.all([
      conversations.readSummaries(table, roster),
      conversations.readLeavers(
        table,
        scanned.map(({ history }) => history),
      ),
      batchGet(
        table,
        found.map(({ userUuid, messageGroupUuid }) => memberKey(messageGroupUuid, userUuid)),
      ),
      register?.strangers(scanned),
    ]);
    for (const each of scanned) {
      const { uuid, seq } = each.history;
      const faults = conversations.faults({
        ...each,
        summaries: summaries.get(uuid) ?? new Map(),
        leavers: leavers.get(uuid) ?? new Set(),
      });
      if (faults.length > 0 || strangers?.has(uuid))
        suspects.conversations.push({ messageGroupUuid: uuid, mark: seq });
    }
    const memberKeys = new Set(present.map((item) => keyText(item as Key)));
    const isMember = ({ userUuid, messageGroupUuid }: Orphan) =>
      memberKeys.has(keyText(memberKey(messageGroupUuid, userUuid)));
    suspects.orphans.push(...found.filter((summary) => !isMember(summary)));
  }

  return {
    counters,
    suspects,
    async take(page: Item[]) {
      for (const item of page) takeItem(item);
      await verify();
    },
    async end() {
      close();
      await verify();
    },
  };
}
