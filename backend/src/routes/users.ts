import { cursor, limit } from '@parley/contract/fields';
import { shortUserSchema } from '@parley/contract/user';
import { z } from '@parley/contract/zod';
import { AppError } from '@parley/core/errors';
import { search as searchUsers } from '@parley/core/people/user-search';
import * as users from '@parley/core/people/users';
import type { Context } from '../context.ts';
import { linkNext } from '../http/links.ts';
import { route } from '../http/route.ts';
import { presentShortUser } from '../presenters/user.ts';

const searchQuery = z.object({ search: z.string().max(100).default(''), limit: limit(20), cursor });

export const userRoutes = ({ pool, cursors }: Context) => [
  route({
    operationId: 'searchUsers',
    method: 'get',
    path: '/api/users',
    summary:
      'People whose handle or name begins with `search`, ignoring case, accents and normal form; empty without `search`',
    query: searchQuery,
    response: z.array(shortUserSchema),
    headers: ['Link'],
    async handle({ user, res, query: { search, limit, cursor } }) {
      const scope = ['users', search, user.uuid];
      const after = cursor === undefined ? undefined : cursors.open(scope, cursor, z.string());
      const found = await searchUsers(pool, { prefix: search, limit: limit + 1, after });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      if (found.length > limit && last) {
        linkNext(res, '/api/users', { search, limit, cursor: cursors.seal(scope, last.handle) });
      }
      return page.map(presentShortUser);
    },
  }),
  route({
    operationId: 'getUserByHandle',
    method: 'get',
    path: '/api/users/@:handle/short',
    summary: 'The person with this handle, in any case',
    params: z.object({ handle: z.string() }),
    response: shortUserSchema,
    errors: ['user_not_found'],
    async handle({ params }) {
      const found = await users.findByHandle(pool, params.handle);
      if (!found) throw new AppError('user_not_found');
      return presentShortUser(found);
    },
  }),
];
