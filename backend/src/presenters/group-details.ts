import { uuid } from '@parley/contract/fields';
import * as messageGroups from '@parley/core/conversations/message-groups';
import type { Name } from '@parley/core/people/names';
import type { User } from '@parley/core/people/users';
import type { Response } from 'express';
import type { Context } from '../context.ts';
import { linkNext } from '../http/links.ts';
import { presentMessageGroup } from './message-group.ts';

export type DetailsInput = {
  user: User;
  messageGroupUuid: string;
  limit?: number;
  cursor?: string | undefined;
};

/** Default number of members on a page. */
export const membersPerPage = 100;

/** A conversation as the caller sees it, with a page of members and their names. Throws `message_group_not_found`. */
export async function readDetails(
  { table, newestEntries, people, cursors }: Context,
  { user, messageGroupUuid, limit = membersPerPage, cursor }: DetailsInput,
) {
  const after = cursor === undefined ? undefined : cursors.open(scope(messageGroupUuid, user), cursor, uuid);
  const details = await messageGroups.get(table, newestEntries, {
    userUuid: user.uuid,
    messageGroupUuid,
    limit,
    after,
  });
  const names: Map<string, Name> = await people.names(details.members.map(({ user_uuid }) => user_uuid));
  // The session has the caller's newest name.
  return { details, names: names.set(user.uuid, user) };
}

/** The answer of every route that shows a conversation, with a link to the members that follow. */
export async function showDetails(ctx: Context, res: Response, input: DetailsInput) {
  const { details, names } = await readDetails(ctx, input);
  const last = details.members.at(-1);
  if (details.hasMoreMembers && last) {
    const { user, messageGroupUuid, limit = membersPerPage } = input;
    const cursor = ctx.cursors.seal(scope(messageGroupUuid, user), last.user_uuid);
    linkNext(res, `/api/message_groups/${messageGroupUuid}`, { limit, cursor });
  }
  return presentMessageGroup(details, names);
}

const scope = (messageGroupUuid: string, user: User) => ['members', messageGroupUuid, user.uuid];
