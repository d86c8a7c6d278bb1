import type { Entry, Person } from '../log/entries.ts';
import { kindOf } from '../log/kinds/index.ts';
import { type LogPosition, logStart } from '../log/position.ts';
import { type Key, parseKey, summaryKey } from '../table/keys.ts';

/**
 * A conversation as one member's inbox shows it. It holds three log positions. Each has one writer and only moves
 * forward: the newest entry and the member's own newest message (projector), and what the member has read (mark-read).
 */
export type Summary = {
  user: string;
  message_group_uuid: string;
  kind: 'direct' | 'group';
  title?: string;
  /** The other person of a direct conversation. */
  user_uuid?: string;
  user_handle?: string;
  user_display_name?: string;
  message: string;
  sender_uuid: string;
  last_message_at: string;
  last_seq: number;
  message_count: number;
  sent_seq: number;
  sent_count: number;
  read_seq: number;
  read_count: number;
  large?: boolean;
  /** Set for an added member until they read the conversation for the first time. `read_seq` is then the entry of joining, so nothing is unread. */
  unopened?: true;
  muted?: boolean;
  /** `message_count` at the time of hiding. The next message shows the conversation again without a write. */
  hidden_count?: number;
  /** Counts the changes of `muted` and `hidden_count`, so that a client can tell the newer of two rows. */
  settings_version?: number;
};

/** The position that a member has read up to: the marked entry or the member's own newest message, the later one. */
export const readPosition = (summary: Summary): LogPosition =>
  summary.read_seq >= summary.sent_seq
    ? { seq: summary.read_seq, count: summary.read_count }
    : { seq: summary.sent_seq, count: summary.sent_count };

/** The read position that other members see; null if the member has read nothing. */
export const readReceipt = (summary: Summary): number | null =>
  (summary.unopened ? summary.sent_seq : readPosition(summary).seq) || null;

/** Messages after the read position, up to the summary's own newest entry. */
export const unreadCount = (summary: Summary) =>
  Math.max(0, summary.message_count - readPosition(summary).count);

/** Whether the member has hidden the conversation, and no message has arrived since. */
export const isHidden = ({ hidden_count, message_count }: Summary) => message_count <= (hidden_count ?? -1);

export function summaryFromItem({ pk, sk, ...attributes }: Record<string, unknown>): Summary {
  const key = parseKey({ pk, sk } as Key);
  if (key.item !== 'summary') throw new TypeError('not the key of a summary');
  return { user: key.userUuid, message_group_uuid: key.messageGroupUuid, ...attributes } as Summary;
}

export type NewSummary = {
  userUuid: string;
  /** The conversation's newest entry. The summary starts at its position. */
  entry: Entry;
  about: { kind: 'group'; title: string; large?: boolean } | { kind: 'direct'; other: Person };
  read: LogPosition;
  sent?: LogPosition;
  /** Whether `read` is only the position of joining. */
  unopened?: boolean;
};

/** The item of a new summary. */
export function summaryItem({ userUuid, entry, about, read, sent = logStart, unopened }: NewSummary) {
  return {
    ...summaryKey(userUuid, entry.message_group_uuid),
    ...(about.kind === 'group'
      ? { kind: about.kind, title: about.title, ...(about.large && { large: true }) }
      : {
          kind: about.kind,
          user_uuid: about.other.uuid,
          user_handle: about.other.handle,
          user_display_name: about.other.display_name,
        }),
    ...newestOf(entry),
    last_seq: entry.seq,
    message_count: entry.message_count,
    sent_seq: sent.seq,
    sent_count: sent.count,
    read_seq: read.seq,
    read_count: read.count,
    ...(unopened && { unopened: true as const }),
  };
}

/** The attributes of a summary that show the conversation's newest entry. */
export const newestOf = (entry: Entry) => ({
  message: kindOf(entry).preview(entry),
  sender_uuid: entry.user_uuid,
  last_message_at: entry.created_at,
});

/** The summary as the projector will write it for this entry; unchanged if the summary has reached the entry. */
export function advancedTo(summary: Summary, entry: Entry | undefined): Summary {
  if (!entry || entry.seq <= summary.last_seq) return summary;
  return { ...summary, ...newestOf(entry), last_seq: entry.seq, message_count: entry.message_count };
}
