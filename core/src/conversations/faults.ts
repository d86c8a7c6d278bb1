import type { Summary } from '../inbox/summaries.ts';
import * as summaries from '../inbox/summaries.ts';
import { tombstoneHandle } from '../log/erased.ts';
import { type Finding, type History, keyText } from '../log/fold.ts';
import type { Member } from '../log/members.ts';
import { groupKey, leftKey, memberKey, summaryKey } from '../table/keys.ts';
import type { ConversationSnapshot } from './snapshot.ts';
import { conversationUuid } from './uuids.ts';

/** The violations of invariants in one conversation. */
export function faultsOf(conversation: ConversationSnapshot): Finding[] {
  const found = [...conversation.history.findings, ...membershipFaults(conversation)];
  if (conversation.history.isBroken) return found;
  return [...found, ...conversation.members.flatMap((member) => summaryFaults(conversation, member))];
}

/** Members and title must be those of the log. A direct conversation's uuid must be derived from its two members. */
function membershipFaults({ history, group, members, leavers }: ConversationSnapshot): Finding[] {
  const { uuid } = history;
  const found: Finding[] = [];
  const fault = (detail: string, key = groupKey(uuid)) =>
    found.push({ invariant: 5, key: keyText(key), detail });
  if (!group) {
    fault('is missing (was an import stopped?)');
    return found;
  }
  if (history.seq === 0) fault('is a conversation without a log');
  if (group.member_count !== members.length)
    fault(`member_count is ${group.member_count}, but there are ${members.length} members`);
  if ((group.kind === 'group') !== history.isGroup)
    fault(`is a ${group.kind} conversation, but not according to its log`);
  if (group.kind === 'direct') return [...found, ...directFaults(history, members)];
  for (const userUuid of history.left)
    if (!leavers.has(userUuid)) fault('is missing: this person left', leftKey(userUuid, uuid));
  if (group.title !== history.title) fault(`title is “${group.title}”, but “${history.title}” in the log`);
  const present = new Map(members.map((member) => [member.user_uuid, member]));
  for (const [userUuid, { role }] of history.members) {
    const member = present.get(userUuid);
    if (!member) fault('is missing: the log makes this person a member', memberKey(uuid, userUuid));
    else if (member.role !== role)
      fault(`role is ${member.role}, but ${role} in the log`, memberKey(uuid, userUuid));
  }
  for (const userUuid of present.keys())
    if (!history.members.has(userUuid))
      fault('the log does not make this person a member', memberKey(uuid, userUuid));
  return found;
}

function directFaults({ uuid, own }: History, members: Member[]): Finding[] {
  const found: Finding[] = [];
  const fault = (detail: string, invariant: 5 | 7 = 5) =>
    found.push({ invariant, key: keyText(groupKey(uuid)), detail });
  const [one, other] = members.map(({ user_uuid }) => user_uuid);
  if (!one || !other || members.length > 2) fault(`a direct conversation of ${members.length} people`);
  else if (conversationUuid(one, other) !== uuid) fault('the uuid is not that of its two members', 7);
  for (const author of own.keys())
    if (author !== one && author !== other) fault(`${author} wrote here, but is not one of the two members`);
  return found;
}

/**
 * A summary must show the newest entry at the history's mark or a later one, and its positions must be those of the
 * log. Returns at most one fault for each invariant.
 */
export function summaryFaults(conversation: ConversationSnapshot, { user_uuid }: Member): Finding[] {
  const { history, group, summaries: stored } = conversation;
  const key = keyText(summaryKey(user_uuid, history.uuid));
  const summary = stored.get(user_uuid);
  if (!summary) return [{ invariant: 5, key, detail: 'is missing: this person is a member' }];
  const found: Finding[] = [];
  const count = countFault(history, summary);
  if (count) found.push({ invariant: 4, key, detail: count });
  const shown = shownFault(conversation, summary) ?? ownFault(history, summary);
  if (shown) found.push({ invariant: 3, key, detail: shown });
  const other = summary.user_uuid;
  if (other && history.isErased(other) && summary.user_handle !== tombstoneHandle(other))
    found.push({ invariant: 8, key, detail: `names ${other}, who was erased` });
  if (group && group.kind !== summary.kind)
    found.push({ invariant: 5, key, detail: `is of a ${summary.kind} conversation, not ${group.kind}` });
  return found;
}

function countFault(history: History, summary: Summary): string | undefined {
  const pairs = [
    ['last_seq', summary.last_seq, 'message_count', summary.message_count],
    ['sent_seq', summary.sent_seq, 'sent_count', summary.sent_count],
    ['read_seq', summary.read_seq, 'read_count', summary.read_count],
  ] as const;
  for (const [position, seq, name, count] of pairs) {
    const counted = history.countAt(seq);
    if (counted === undefined) return `${position} is ${seq}, but the log ends at ${history.seq}`;
    if (counted !== count) return `${name} is ${count}, but the log has ${counted} at ${position} ${seq}`;
  }
  return undefined;
}

function shownFault({ history, group, members }: ConversationSnapshot, summary: Summary): string | undefined {
  const mustReach = Math.min(history.seq, history.mark);
  if (summary.last_seq < mustReach) return `is at entry ${summary.last_seq}, but the newest is ${mustReach}`;
  if (group?.kind === 'direct') {
    const other = members.find(({ user_uuid }) => user_uuid !== summary.user)?.user_uuid;
    if (summary.user_uuid !== other) return `names ${summary.user_uuid} as the other person, not ${other}`;
  }
  if (group?.kind === 'group' && summary.last_seq === history.seq && summary.title !== group.title)
    return `title is “${summary.title}”, not “${group.title}”`;
  const shown = history.entryAt(summary.last_seq);
  for (const [name, value] of Object.entries(shown ? summaries.newestOf(shown) : {}))
    if (summary[name as keyof Summary] !== value) return `${name} is not that of entry ${summary.last_seq}`;
  return undefined;
}

/** A member who was added again starts at `sent_seq` 0, with a read position after the earlier own messages. */
function ownFault(history: History, { user, sent_seq, read_seq }: Summary): string | undefined {
  const own = history.own.get(user)?.seq ?? 0;
  const ownByMark = history.ownByMark.get(user) ?? 0;
  if (sent_seq > own) return `sent_seq is ${sent_seq}, but the member's newest message is ${own}`;
  if (Math.max(sent_seq, read_seq) < ownByMark)
    return `the member's own message ${ownByMark} counts as unread (sent_seq ${sent_seq}, read_seq ${read_seq})`;
  return undefined;
}
