import { faultsOf } from '../conversations/faults.ts';
import * as conversations from '../conversations/snapshot.ts';
import { entryFromItem } from '../log/entries.ts';
import { createHistory, type History, keyText } from '../log/fold.ts';
import * as members from '../log/members.ts';
import type { Table } from '../table/client.ts';
import { type Key, memberKey, type ParsedKey, parseKey } from '../table/keys.ts';
import { batchGet, type Item } from '../table/read.ts';
import type { CheckContext, Orphan, Suspect, Suspects } from './suspects.ts';

export type Counters = {
  items: number;
  conversations: number;
  entries: number;
  messages: number;
  members: number;
  summaries: number;
  /** People with at least one conversation. */
  people: number;
  /** Items that Parley does not know, of an older layout or written by hand. */
  unknown: number;
};

const noItems: Counters = {
  items: 0,
  conversations: 0,
  entries: 0,
  messages: 0,
  members: 0,
  summaries: 0,
  people: 0,
  unknown: 0,
};

type Scanned = { history: History; group?: members.Group; members: members.Member[] };

/** Adds the table's pages in order, and collects suspects. */
export function createScan(context: CheckContext) {
  const counters: Counters = { ...noItems };
  const suspects: Suspects = { conversations: [], orphans: [], strangers: [] };
  let open: Scanned | undefined;
  let person: string | undefined;
  let closed: Scanned[] = [];
  let inboxes: Orphan[] = [];

  /** The conversation of an item. The scan returns its items together; otherwise the recheck would clear it. */
  function conversation(uuid: string): Scanned {
    if (open?.history.uuid === uuid) return open;
    close();
    open = { history: createHistory(uuid, { isErased: context.isErased }), members: [] };
    return open;
  }

  function close() {
    if (!open) return;
    counters.conversations += 1;
    counters.messages += open.history.messageCount;
    closed.push(open);
    open = undefined;
  }

  function addItem(item: Item) {
    const key = parseKey(item as Key);
    counters.items += 1;
    if (key.item === 'entry') addEntry(key, item);
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

  function addEntry(key: ParsedKey & { item: 'entry' }, item: Item) {
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
    const [conversations, orphans] = await Promise.all([
      suspectsAmong(context, scanned),
      orphansAmong(context.table, found),
    ]);
    suspects.conversations.push(...conversations);
    suspects.orphans.push(...orphans);
  }

  return {
    counters,
    suspects,
    async add(page: Item[]) {
      for (const item of page) addItem(item);
      await verify();
    },
    async end() {
      close();
      await verify();
    },
  };
}

/** Conversations that break an invariant, or name people who are missing in Postgres. */
async function suspectsAmong({ table, knownPeople }: CheckContext, scanned: Scanned[]): Promise<Suspect[]> {
  const histories = scanned.map(({ history }) => history);
  const [summaries, leavers, strangers] = await Promise.all([
    conversations.readSummaries(
      table,
      scanned.map(({ history, members }) => ({ uuid: history.uuid, members })),
    ),
    conversations.readLeavers(table, histories),
    knownPeople?.strangers(scanned),
  ]);
  const isSuspect = (each: Scanned) => {
    const { uuid } = each.history;
    const faults = faultsOf({
      ...each,
      summaries: summaries.get(uuid) ?? new Map(),
      leavers: leavers.get(uuid) ?? new Set(),
    });
    return faults.length > 0 || strangers?.has(uuid) === true;
  };
  return scanned
    .filter(isSuspect)
    .map(({ history }) => ({ messageGroupUuid: history.uuid, mark: history.seq }));
}

/** The summaries without a member. */
async function orphansAmong(table: Table, found: Orphan[]): Promise<Orphan[]> {
  const keyOf = ({ userUuid, messageGroupUuid }: Orphan) => memberKey(messageGroupUuid, userUuid);
  const present = await batchGet(table, found.map(keyOf));
  const memberKeys = new Set(present.map((item) => keyText(item as Key)));
  return found.filter((summary) => !memberKeys.has(keyText(keyOf(summary))));
}
