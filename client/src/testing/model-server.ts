import { type EntryType, flagsOf } from '@parley/contract/entry-kinds';
import { ApiError } from '../api/errors.ts';
import type { Api, Send } from '../api/requests.ts';
import type { Entry, Group, InboxRow, Member, Settings } from '../api/types.ts';
import type { LiveEvent } from '../live/events.ts';

/* A server of the contract in memory, as one person sees it. Each change emits the events that docs/realtime.md names. */

type Conversation = {
  uuid: string;
  title: string;
  log: Entry[];
  members: Map<string, Member>;
  /** The seq at which each member joined. A new member has nothing unread. */
  joined: Map<string, number>;
  settings: Settings & { settings_version: number };
};

export const me = 'me';
export type ModelServer = ReturnType<typeof createModelServer>;

export function createModelServer(emit: (event: LiveEvent) => void) {
  const conversations = new Map<string, Conversation>();
  const erased = new Set<string>();
  const sent = new Map<string, Entry>();
  let ticks = 0;

  const nameOf = (uuid: string) =>
    erased.has(uuid)
      ? { uuid, handle: `deleted-${uuid}`, display_name: 'Deleted user' }
      : { uuid, handle: uuid, display_name: uuid.toUpperCase() };
  const shown = (entry: Entry): Entry => {
    const { uuid: _, ...name } = nameOf(entry.user_uuid);
    const isHidden = erased.has(entry.user_uuid) || [...erased].some((uuid) => entry.message.includes(uuid));
    return { ...entry, ...name, message: isHidden ? redacted(entry) : entry.message };
  };
  const redacted = (entry: Entry) => (flagsOf(entry).countsAsMessage ? '' : 'A member changed');

  function positions({ log, members, joined }: Conversation) {
    const read_seq = Math.max(members.get(me)?.read_seq ?? 0, joined.get(me) ?? 0);
    const unread = log.filter((entry) => entry.seq > read_seq && flagsOf(entry).countsAsMessage);
    return { last_seq: log.length, read_seq, unread_count: unread.length };
  }

  function row(conversation: Conversation): InboxRow {
    const newest = conversation.log.findLast(() => true);
    return {
      uuid: conversation.uuid,
      kind: 'group',
      display_name: conversation.title,
      handle: null,
      user_uuid: null,
      message: newest ? shown(newest).message : '',
      created_at: newest?.created_at ?? '',
      ...positions(conversation),
      ...conversation.settings,
    };
  }

  function group({ members, ...conversation }: Conversation): Group {
    const { settings_version: _, ...settings } = conversation.settings;
    return {
      uuid: conversation.uuid,
      kind: 'group',
      title: conversation.title,
      members: [...members.values()].map((member) => ({ ...member, ...nameOf(member.uuid) })),
      ...positions({ members, ...conversation }),
      ...settings,
    };
  }

  const find = (uuid: string) => {
    const conversation = conversations.get(uuid);
    if (!conversation?.members.has(me)) throw new ApiError(404, ['message_group_not_found']);
    return conversation;
  };
  const emitRow = (conversation: Conversation) => {
    if (conversation.members.has(me)) emit({ event: 'message_group.updated', data: row(conversation) });
  };

  function append(conversation: Conversation, type: EntryType, author: string, message: string): Entry {
    ticks += 1;
    const entry: Entry = {
      uuid: `${conversation.uuid}-${ticks}`,
      seq: conversation.log.length + 1,
      type,
      message_group_uuid: conversation.uuid,
      user_uuid: author,
      display_name: author,
      handle: author,
      message,
      created_at: new Date(ticks * 1_000).toISOString(),
    };
    conversation.log.push(entry);
    conversation.settings = { ...conversation.settings, hidden: false };
    const member = conversation.members.get(author);
    if (member && flagsOf(entry).countsAsMessage) member.read_seq = Math.max(member.read_seq ?? 0, entry.seq);
    if (conversation.members.has(me)) emit({ event: 'message.created', data: shown(entry) });
    emitRow(conversation);
    return entry;
  }

  function emitMembership(uuid: string, user_uuid: string, change: 'added' | 'removed' | 'role_changed') {
    emit({ event: 'membership', data: { message_group_uuid: uuid, user_uuid, change } });
  }

  function read(conversation: Conversation, user_uuid: string, seq: number) {
    const member = conversation.members.get(user_uuid);
    if (!member || seq <= (member.read_seq ?? 0)) return;
    member.read_seq = Math.min(seq, conversation.log.length);
    const data = { message_group_uuid: conversation.uuid, user_uuid, read_seq: member.read_seq };
    if (conversation.members.has(me)) emit({ event: 'message_group.read', data });
    if (user_uuid === me) emitRow(conversation);
  }

  const newMember = (uuid: string): Member => ({ ...nameOf(uuid), role: 'member', read_seq: null });

  const changes = {
    create(uuid: string, people: string[]) {
      const settings = { muted: false, hidden: false, settings_version: 0 };
      const members = new Map(people.map((person) => [person, newMember(person)]));
      const conversation: Conversation = { uuid, title: uuid, log: [], members, joined: new Map(), settings };
      conversations.set(uuid, conversation);
      append(conversation, 'group_created', people[0] ?? me, 'created');
    },
    post: (conversation: Conversation, author: string) =>
      void append(conversation, 'message', author, `text ${ticks}`),
    read,
    add(conversation: Conversation, person: string) {
      if (conversation.members.has(person)) return;
      conversation.members.set(person, newMember(person));
      conversation.joined.set(person, conversation.log.length + 1);
      append(conversation, 'members_added', 'ana', `added ${person}`);
      emitMembership(conversation.uuid, person, 'added');
    },
    remove(conversation: Conversation, person: string) {
      if (!conversation.members.has(person)) return;
      append(conversation, 'member_removed', 'ana', `removed ${person}`);
      if (conversation.members.has(me)) emitMembership(conversation.uuid, person, 'removed');
      conversation.members.delete(person);
    },
    promote(conversation: Conversation, person: string) {
      const member = conversation.members.get(person);
      if (!member) return;
      member.role = member.role === 'admin' ? 'member' : 'admin';
      append(conversation, 'role_changed', 'ana', `changed ${person}`);
      if (conversation.members.has(me)) emitMembership(conversation.uuid, person, 'role_changed');
    },
    rename(conversation: Conversation) {
      conversation.title = `title ${ticks}`;
      append(conversation, 'title_changed', 'ana', 'renamed');
    },
    settings(conversation: Conversation, change: Partial<Settings>) {
      const settings_version = conversation.settings.settings_version + 1;
      conversation.settings = { ...conversation.settings, ...change, settings_version };
      emitRow(conversation);
    },
    erase(person: string) {
      if (erased.has(person)) return;
      erased.add(person);
      for (const conversation of conversations.values())
        if (conversation.members.has(me))
          emit({ event: 'erased', data: { message_group_uuid: conversation.uuid, user_uuid: person } });
    },
  };

  const rows = (isHidden: boolean) =>
    [...conversations.values()]
      .filter(({ members, settings }) => members.has(me) && settings.hidden === isHidden)
      .map(row);

  /** What a request returns at this moment. */
  const answers = {
    inbox: () => ({ rows: rows(false), next: undefined }),
    hidden: () => ({ rows: rows(true), next: undefined }),
    group: (uuid: string) => group(find(uuid)),
    positions: (uuid: string) => group(find(uuid)),
    entries(uuid: string, { before, after, limit }: Parameters<Api['entries']>[1]) {
      const log = find(uuid).log.map(shown);
      if (after !== undefined) return log.slice(after, after + limit);
      const end = before === undefined ? log.length : before - 1;
      return log.slice(Math.max(0, end - limit), end);
    },
    send({ message_group_uuid = '', message }: Send, key: string) {
      const known = sent.get(key);
      if (known) return shown(known);
      const entry = append(find(message_group_uuid), 'message', me, message);
      sent.set(key, entry);
      return shown(entry);
    },
    markRead(uuid: string, seq: number) {
      const conversation = find(uuid);
      read(conversation, me, seq);
      const { read_seq, unread_count } = positions(conversation);
      return { read_seq, unread_count };
    },
    changeSettings(uuid: string, change: Partial<Settings>) {
      changes.settings(find(uuid), change);
      const { muted, hidden } = find(uuid).settings;
      return { muted, hidden };
    },
  };

  return { conversations, changes, answers };
}
