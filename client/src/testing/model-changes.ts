import { type EntryType, flagsOf } from '@parley/contract/entry-kinds';
import type { Entry, Member, Settings } from '../api/types.ts';
import type { LiveEvent } from '../live/events.ts';
import { type Conversation, isMine, type ModelState, me, nameOf, rowOf, shown } from './model-state.ts';

type Emit = (event: LiveEvent) => void;

export type ModelChanges = ReturnType<typeof createModelChanges>;

/** The actions of people on the model server. Each emits the events in docs/realtime.md. */
export function createModelChanges(state: ModelState, emit: Emit) {
  const emitMine = (conversation: Conversation, event: LiveEvent) => {
    if (isMine(conversation)) emit(event);
  };
  const emitRow = (conversation: Conversation) =>
    emitMine(conversation, { event: 'message_group.updated', data: rowOf(state, conversation) });
  const membership = (
    { uuid }: Conversation,
    user_uuid: string,
    change: 'added' | 'removed' | 'role_changed',
  ): LiveEvent => ({ event: 'membership', data: { message_group_uuid: uuid, user_uuid, change } });
  const newMember = (uuid: string): Member => ({ ...nameOf(state, uuid), role: 'member', read_seq: null });

  function append(conversation: Conversation, type: EntryType, author: string, message: string): Entry {
    const entry = addEntry(state, conversation, type, author, message);
    emitMine(conversation, { event: 'message.created', data: shown(state, entry) });
    emitRow(conversation);
    return entry;
  }

  return {
    append,
    create(uuid: string, people: string[]) {
      const settings = { muted: false, hidden: false, settings_version: 0 };
      const members = new Map(people.map((person) => [person, newMember(person)]));
      const conversation: Conversation = { uuid, title: uuid, log: [], members, joined: new Map(), settings };
      state.conversations.set(uuid, conversation);
      append(conversation, 'group_created', people[0] ?? me, 'created');
    },
    post: (conversation: Conversation, author: string) =>
      void append(conversation, 'message', author, `text ${state.ticks}`),
    read(conversation: Conversation, user_uuid: string, seq: number) {
      const member = conversation.members.get(user_uuid);
      if (!member || seq <= (member.read_seq ?? 0)) return;
      member.read_seq = Math.min(seq, conversation.log.length);
      const data = { message_group_uuid: conversation.uuid, user_uuid, read_seq: member.read_seq };
      emitMine(conversation, { event: 'message_group.read', data });
      if (user_uuid === me) emitRow(conversation);
    },
    add(conversation: Conversation, person: string) {
      if (conversation.members.has(person)) return;
      conversation.members.set(person, newMember(person));
      conversation.joined.set(person, conversation.log.length + 1);
      append(conversation, 'members_added', 'ana', `added ${person}`);
      emit(membership(conversation, person, 'added'));
    },
    remove(conversation: Conversation, person: string) {
      if (!conversation.members.has(person)) return;
      append(conversation, 'member_removed', 'ana', `removed ${person}`);
      emitMine(conversation, membership(conversation, person, 'removed'));
      conversation.members.delete(person);
    },
    promote(conversation: Conversation, person: string) {
      const member = conversation.members.get(person);
      if (!member) return;
      member.role = member.role === 'admin' ? 'member' : 'admin';
      append(conversation, 'role_changed', 'ana', `changed ${person}`);
      emitMine(conversation, membership(conversation, person, 'role_changed'));
    },
    rename(conversation: Conversation) {
      conversation.title = `title ${state.ticks}`;
      append(conversation, 'title_changed', 'ana', 'renamed');
    },
    settings(conversation: Conversation, change: Partial<Settings>) {
      const settings_version = conversation.settings.settings_version + 1;
      conversation.settings = { ...conversation.settings, ...change, settings_version };
      emitRow(conversation);
    },
    erase(person: string) {
      if (state.erased.has(person)) return;
      state.erased.add(person);
      for (const conversation of state.conversations.values()) {
        const data = { message_group_uuid: conversation.uuid, user_uuid: person };
        emitMine(conversation, { event: 'erased', data });
      }
    },
  };
}

/** Writes the next entry of a log. It shows a hidden conversation again, and its author has read it. */
function addEntry(
  state: ModelState,
  conversation: Conversation,
  type: EntryType,
  author: string,
  message: string,
): Entry {
  state.ticks += 1;
  const entry: Entry = {
    uuid: `${conversation.uuid}-${state.ticks}`,
    seq: conversation.log.length + 1,
    type,
    message_group_uuid: conversation.uuid,
    user_uuid: author,
    display_name: author,
    handle: author,
    tone: 1,
    message,
    created_at: new Date(state.ticks * 1_000).toISOString(),
  };
  conversation.log.push(entry);
  conversation.settings = { ...conversation.settings, hidden: false };
  const member = conversation.members.get(author);
  if (member && flagsOf(entry).countsAsMessage) member.read_seq = Math.max(member.read_seq ?? 0, entry.seq);
  return entry;
}
