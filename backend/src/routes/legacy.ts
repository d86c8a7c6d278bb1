import { profileSchema } from '@parley/contract/user';
import { z } from '@parley/contract/zod';
import { AppError } from '@parley/core/errors';
import * as users from '@parley/core/people/users';
import type { Context } from '../context.ts';
import { openRoute, route } from '../http/route.ts';

const activities = z.array(z.unknown()).max(0);
const perAddressPerMinute = 60;

/** What the pages of an existing chat ask for beside the conversations. Parley has no feed, so it is empty. */
export const legacyRoutes = ({ pool }: Context) => [
  ...(['home', 'notifications'] as const).map((feed) =>
    route({
      operationId: feed === 'home' ? 'listHomeActivities' : 'listNotificationActivities',
      method: 'get',
      path: `/api/activities/${feed}`,
      summary: 'Legacy: a feed, always empty',
      response: activities,
      handle: () => [],
    }),
  ),
  // Its profile page sends no token; without an answer it would save an empty bio over the real one.
  openRoute({
    operationId: 'getProfileActivities',
    method: 'get',
    path: '/api/activities/@:handle',
    summary: 'Legacy: the public profile of the person with this handle, with a feed that is always empty',
    params: z.object({ handle: z.string() }),
    response: z.object({ profile: profileSchema.omit({ uuid: true, tone: true }), activities }),
    errors: ['user_not_found'],
    perAddressPerMinute,
    async handle({ params }) {
      const found = await users.findByHandle(pool, params.handle);
      if (!found) throw new AppError('user_not_found');
      const { handle, display_name, bio } = found;
      return { profile: { handle, display_name, bio }, activities: [] };
    },
  }),
];
