import { uuidParams } from '@parley/contract/fields';
import { messageGroupSchema, newMemberBody, newRoleBody } from '@parley/contract/message-group';
import { z } from '@parley/contract/zod';
import * as messageGroups from '@parley/core/conversations/message-groups';
import { AppError, type ErrorCode } from '@parley/core/errors';
import * as members from '@parley/core/log/members';
import * as users from '@parley/core/people/users';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { readDetails, showDetails } from '../presenters/group-details.ts';
import { presentMessageGroup } from '../presenters/message-group.ts';

const memberParams = uuidParams.extend({ handle: z.string() });

const shared = {
  response: messageGroupSchema,
  headers: ['Link' as const],
  errors: ['message_group_not_found', 'user_not_found', 'direct_conversation', 'generic_403'] as ErrorCode[],
};

export const memberRoutes = (ctx: Context) => [
  route({
    ...shared,
    operationId: 'addMember',
    method: 'post',
    path: '/api/message_groups/:uuid/members',
    summary: 'Add a person to a group (admins); adding a member again changes nothing',
    params: uuidParams,
    body: newMemberBody,
    errors: [...shared.errors, 'user_reciever_handle_blank', 'message_group_full'],
    async handle({ user, params, body, res }) {
      const messageGroupUuid = params.uuid;
      await requireAdmin(ctx, messageGroupUuid, user);
      const person = await findPerson(ctx, body.handle);
      await messageGroups.addMembers(ctx.log, { messageGroupUuid, actor: user, people: [person] });
      return showDetails(ctx, res, { user, messageGroupUuid });
    },
  }),
  route({
    ...shared,
    operationId: 'changeMemberRole',
    method: 'put',
    path: '/api/message_groups/:uuid/members/:handle',
    summary: 'Change the role of a member, named by handle or uuid (admins)',
    params: memberParams,
    body: newRoleBody,
    errors: [...shared.errors, 'member_not_found', 'role_invalid', 'last_admin'],
    async handle({ user, params, body, res }) {
      const messageGroupUuid = params.uuid;
      await requireAdmin(ctx, messageGroupUuid, user);
      const person = await findPerson(ctx, params.handle);
      await messageGroups.setRole(ctx.log, { messageGroupUuid, actor: user, person, role: body.role });
      return showDetails(ctx, res, { user, messageGroupUuid });
    },
  }),
  route({
    ...shared,
    operationId: 'removeMember',
    method: 'delete',
    path: '/api/message_groups/:uuid/members/:handle',
    summary:
      'Remove a member, named by handle or uuid (admins), or leave; answers the group after the change',
    params: memberParams,
    async handle({ user, params, res }) {
      const messageGroupUuid = params.uuid;
      await requireMember(ctx, messageGroupUuid, user);
      const person = await findMember(ctx, messageGroupUuid, params.handle);
      if (person.uuid === user.uuid) return leave(ctx, messageGroupUuid, user);
      await messageGroups.removeMember(ctx.log, { messageGroupUuid, actor: user, person });
      return showDetails(ctx, res, { user, messageGroupUuid });
    },
  }),
];

/** Runs before a handle is looked up, so that a stranger learns nothing from the answer. */
async function requireMember({ table }: Context, messageGroupUuid: string, user: users.User) {
  const { group, member } = await members.membership(table, messageGroupUuid, user.uuid);
  if (!group || !member) throw new AppError('message_group_not_found');
  if (group.kind === 'direct') throw new AppError('direct_conversation');
  return member;
}

async function requireAdmin(ctx: Context, messageGroupUuid: string, user: users.User) {
  const { role } = await requireMember(ctx, messageGroupUuid, user);
  if (role !== 'admin') throw new AppError('generic_403');
}

/** By uuid or handle, because some handles, such as `..`, cannot be part of a URL. */
async function lookUp({ pool }: Context, name: string) {
  const uuid = name.toLowerCase();
  const person = users.isWellFormedUuid(uuid) ? await users.findByUuid(pool, uuid) : null;
  return person ?? users.findByHandle(pool, name);
}

async function findPerson(ctx: Context, name: string) {
  const person = await lookUp(ctx, name);
  if (!person || person.erased_at) throw new AppError('user_not_found');
  return person;
}

/** Also finds an erased member, by the handle that the group shows for them. */
async function findMember(ctx: Context, messageGroupUuid: string, name: string) {
  const person = await lookUp(ctx, name);
  if (person) return person;
  const roster = await members.roster(ctx.table, messageGroupUuid);
  const names = await ctx.people.names(roster.members.map(({ user_uuid }) => user_uuid));
  const shown = [...names].find(([, { handle }]) => handle.toLowerCase() === name.toLowerCase());
  if (!shown) throw new AppError('user_not_found');
  return { uuid: shown[0], ...shown[1] };
}

/** The group without the leaver. Its details are read before, because the leaver may not read them afterwards. */
async function leave(ctx: Context, messageGroupUuid: string, user: users.User) {
  const { details, names } = await readDetails(ctx, { user, messageGroupUuid });
  const left = await messageGroups.removeMember(ctx.log, { messageGroupUuid, actor: user, person: user });
  const roles = new Map(left.members.map(({ user_uuid, role }) => [user_uuid, role]));
  const remaining = details.members.flatMap((member) => {
    const role = roles.get(member.user_uuid);
    return role ? [{ ...member, role }] : [];
  });
  return presentMessageGroup({ ...details, members: remaining }, names);
}
