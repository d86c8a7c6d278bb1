import { handleAvailabilitySchema } from '@parley/contract/user';
import { z } from '@parley/contract/zod';
import * as users from '@parley/core/people/users';
import type { Context } from '../context.ts';
import { openRoute } from '../http/route.ts';

export const handleRoutes = ({ pool }: Context) => [
  openRoute({
    operationId: 'getHandleAvailability',
    method: 'get',
    path: '/api/handles/:handle',
    summary: 'Whether a handle is free for a new account',
    perAddressPerMinute: 120,
    params: z.object({ handle: z.string() }),
    response: handleAvailabilitySchema,
    async handle({ params: { handle } }) {
      return { handle, available: await users.isAvailable(pool, handle) };
    },
  }),
];
