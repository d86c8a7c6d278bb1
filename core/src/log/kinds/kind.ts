import type { EntryFlags } from '@parley/contract/entry-kinds';
import { cut } from '@parley/contract/graphemes';
import type { Role } from '../members.ts';
import type { LogPosition } from '../position.ts';

/** The attributes of every entry. `created_at` is ISO 8601 UTC; `message_count` counts messages up to here. */
export type EntryFields = {
  message_group_uuid: string;
  seq: number;
  message_uuid: string;
  message: string;
  user_uuid: string;
  user_handle: string;
  user_display_name: string;
  created_at: string;
  message_count: number;
  idempotency_key?: string;
  body_hash?: string;
  /** The conversation had more than `largeGroupMembers` members: the trailing pass writes its summaries. */
  large?: true;
};

/** A conversation's members and title according to its log, up to some entry. */
export type FoldedGroup = {
  isGroup: boolean;
  title: string | undefined;
  members: Map<string, { role: Role; joined: LogPosition }>;
  /** Everybody who left or was removed, including those who are back. */
  left: Set<string>;
};

/** Everything that differs between kinds of entries. `Change` holds the kind's own attributes. */
export type Kind<Change extends { type: string }> = EntryFlags & {
  /** The text that the inbox shows while the entry is the newest. */
  preview(entry: Change & EntryFields): string;
  /** The text that remains of an entry that names an erased person: without anybody's name or words. */
  redact(entry: Change & EntryFields): string;
  /** Applies the entry to the group. Returns its faults (invariant 5). */
  fold(group: FoldedGroup, entry: Change & EntryFields): readonly string[];
};

/** The beginning of a text, as the inbox shows it. */
export const beginning = ({ message }: { message: string }) => cut(message, 200);

/** Most entries have no fault: they share one list. */
export const noFaults: readonly string[] = [];

/** Of the entries that change a group, its creation must be the first entry of the log, and no other may be. */
export function orderFaults({ seq, type }: { seq: number; type: string }, isFirst: boolean): string[] {
  return (seq === 1) === isFirst ? [] : [`${type} ${isFirst ? 'must' : 'cannot'} be the first entry`];
}
