import type { Pool } from 'pg';
import type { ConversationSnapshot } from '../conversations/snapshot.ts';
import type { Summary } from '../inbox/summaries.ts';
import * as summaries from '../inbox/summaries.ts';
import { largeGroupMembers, type Person } from '../log/entries.ts';
import type { Member } from '../log/members.ts';
import { type LogPosition, logStart } from '../log/position.ts';
import * as users from '../people/users.ts';

export type SummaryItem = ReturnType<typeof summaries.summaryItem>;

/** The summary according to the log. The read position is not in the log: the stored one stays, up to the log's end. */
export async function rebuild(
  pool: Pool | undefined,
  { history, group, members }: ConversationSnapshot,
  { user_uuid }: Member,
  stored: Summary | undefined,
): Promise<(SummaryItem & { large: boolean }) | undefined> {
  const { newest } = history;
  if (!newest || !group) return undefined;
  const joined = history.members.get(user_uuid)?.joined ?? logStart;
  const readSeq = Math.min(stored ? stored.read_seq : joined.seq, history.seq);
  const own = history.own.get(user_uuid);
  const other = members.find((member) => member.user_uuid !== user_uuid)?.user_uuid ?? user_uuid;
  const about =
    group.kind === 'group'
      ? { kind: group.kind, title: group.title ?? '' }
      : { kind: group.kind, other: await nameOf(pool, other, history.people.get(other), stored) };
  const read = { seq: readSeq, count: history.countAt(readSeq) ?? 0 };
  const sent = own && own.seq > read.seq ? { seq: own.seq, count: own.count } : storedSent(stored, own);
  const unopened = !stored && group.kind === 'group';
  const item = summaries.summaryItem({ userUuid: user_uuid, entry: newest, about, read, sent, unopened });
  return { ...item, large: group.member_count > largeGroupMembers };
}

/** The sent position if the read position covers the own messages. A member who was added again has sent none since. */
function storedSent(stored: Summary | undefined, own: LogPosition | undefined): LogPosition {
  return stored && own && stored.sent_seq > 0 ? { seq: own.seq, count: own.count } : logStart;
}

/** The other person's name from Postgres, or else from the log, or else from the summary, or else empty. */
async function nameOf(
  pool: Pool | undefined,
  uuid: string,
  author: Person | undefined,
  stored: Summary | undefined,
): Promise<Person> {
  const current = pool && (await users.findNames(pool, [uuid])).get(uuid);
  const known = stored?.user_uuid === uuid ? stored : undefined;
  const fallback = { handle: known?.user_handle ?? '', display_name: known?.user_display_name ?? '' };
  return { uuid, ...(current ?? author ?? fallback) };
}
