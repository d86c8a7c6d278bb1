import { flagsOf } from '@parley/contract/entry-kinds';
import { ApiError } from '../api/errors.ts';
import type { Entry, Group, InboxRow, Member, Settings } from '../api/types.ts';

/* The state of the model server, and the view of one person. */

export type Conversation = {
  uuid: string;
  title: string;
  log: Entry[];
  members: Map<string, Member>;
  /** The seq at which each member joined. A new member has nothing unread. */
  joined: Map<string, number>;
  settings: Settings & { settings_version: number };
};

export type ModelState = {
  conversations: Map<string, Conversation>;
  erased: Set<string>;
  /** The entry of each idempotency key. */
  sent: Map<string, Entry>;
  /** The clock, which advances with each entry. */
  ticks: number;
};

export const me = 'me';

export const nameOf = ({ erased }: ModelState, uuid: string) =>
  erased.has(uuid)
    ? { uuid, handle: `deleted-${uuid}`, display_name: 'Deleted user', tone: null }
    : { uuid, handle: uuid, display_name: uuid.toUpperCase(), tone: 1 };

export function shown(state: ModelState, entry: Entry): Entry {
  const { uuid: _, ...name } = nameOf(state, entry.user_uuid);
  const isHidden =
    state.erased.has(entry.user_uuid) || [...state.erased].some((uuid) => entry.message.includes(uuid));
  return { ...entry, ...name, message: isHidden ? redacted(entry) : entry.message };
}

const redacted = (entry: Entry) => (flagsOf(entry).countsAsMessage ? '' : 'A member changed');

export function positionsOf({ log, members, joined }: Conversation) {
  const read_seq = Math.max(members.get(me)?.read_seq ?? 0, joined.get(me) ?? 0);
  const unread = log.filter((entry) => entry.seq > read_seq && flagsOf(entry).countsAsMessage);
  return { last_seq: log.length, read_seq, unread_count: unread.length };
}

export function rowOf(state: ModelState, conversation: Conversation): InboxRow {
  const newest = conversation.log.at(-1);
  return {
    uuid: conversation.uuid,
    kind: 'group',
    display_name: conversation.title,
    handle: null,
    tone: null,
    user_uuid: null,
    message: newest ? shown(state, newest).message : '',
    sender_uuid: newest?.user_uuid ?? '',
    sender_display_name: newest?.display_name ?? '',
    created_at: newest?.created_at ?? '',
    ...positionsOf(conversation),
    ...conversation.settings,
  };
}

export function groupOf(state: ModelState, conversation: Conversation): Group {
  const { settings_version: _, ...settings } = conversation.settings;
  const members = [...conversation.members.values()];
  return {
    uuid: conversation.uuid,
    kind: 'group',
    title: conversation.title,
    members: members.map((member) => ({ ...member, ...nameOf(state, member.uuid) })),
    ...positionsOf(conversation),
    ...settings,
  };
}

export const isMine = ({ members }: Conversation) => members.has(me);

/** The conversation. Throws the refusal that a stranger gets. */
export function find({ conversations }: ModelState, uuid: string): Conversation {
  const conversation = conversations.get(uuid);
  if (!conversation || !isMine(conversation)) throw new ApiError(404, ['message_group_not_found']);
  return conversation;
}
