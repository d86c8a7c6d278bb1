import { profileSchema } from '@parley/contract/user';
import { z } from '@parley/contract/zod';
import { AppError } from '@parley/core/errors';
import * as users from '@parley/core/people/users';
import type { Context } from '../context.ts';
import { openRoute, route } from '../http/route.ts';

const activities = z.array(z.unknown()).max(0);
const perAddressPerMinute = 60;

/** Other requests of the existing chat pages. Parley has no feed, so feeds are empty. */
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
  // Open, because that chat's profile page sends no token. Without an answer the page would overwrite the bio with ''.
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
