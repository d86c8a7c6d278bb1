import * as users from '@parley/core/people/users';
import type { Context } from '../context.ts';
import { openRoute } from '../http/route.ts';
import { z } from '../http/zod.ts';

export const handleRoutes = ({ pool }: Context) => [
  openRoute({
    operationId: 'getHandleAvailability',
    method: 'get',
    path: '/api/handles/:handle',
    summary: 'Whether somebody who signs up can have this handle',
    perAddressPerMinute: 120,
    params: z.object({ handle: z.string() }),
    response: z.object({ handle: z.string(), available: z.boolean() }).openapi('HandleAvailability'),
    async handle({ params: { handle } }) {
      return { handle, available: await users.isAvailable(pool, handle) };
    },
  }),
];
