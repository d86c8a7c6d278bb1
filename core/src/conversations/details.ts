import { AppError } from '../errors.ts';
import * as summaries from '../inbox/summaries.ts';
import type { Group, Member } from '../log/members.ts';
import * as members from '../log/members.ts';
import type { Table } from '../table/client.ts';

/** The details of a group of up to this many members include read receipts. */
const maxReceipts = 50;

export type Details = {
  group: Group;
  summary: summaries.Summary;
  /** In the order of their uuids. `read_seq` is null in a group of more than 50. */
  members: (Member & { read_seq: number | null })[];
  hasMoreMembers: boolean;
};

export type GetInput = {
  userUuid: string;
  messageGroupUuid: string;
  limit: number;
  after?: string | undefined;
};

/** A conversation as one of its members sees it, with a page of members. Throws `message_group_not_found`. */
export async function get(
  table: Table,
  newestEntries: summaries.NewestEntries,
  { userUuid, messageGroupUuid, limit, after }: GetInput,
): Promise<Details> {
  const [summary, page] = await Promise.all([
    summaries.get(table, newestEntries, userUuid, messageGroupUuid),
    members.page(table, messageGroupUuid, { after, limit }),
  ]);
  if (!summary) throw new AppError('message_group_not_found');
  // Checked last: a caller who is a member now was allowed to see what was read before.
  const { group, member } = await members.membership(table, messageGroupUuid, userUuid);
  if (!group || !member) throw new AppError('message_group_not_found');
  const withReceipts =
    group.member_count <= maxReceipts ? page.members.map(({ user_uuid }) => user_uuid) : [];
  const receipts = await summaries.getMany(table, messageGroupUuid, withReceipts);
  const readSeqs = new Map(receipts.map((receipt) => [receipt.user, summaries.readReceipt(receipt)]));
  return {
    group,
    summary,
    members: page.members.map((each) => ({ ...each, read_seq: readSeqs.get(each.user_uuid) ?? null })),
    hasMoreMembers: !page.isComplete,
  };
}
