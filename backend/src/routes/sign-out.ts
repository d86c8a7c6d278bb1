import { z } from '@parley/contract/zod';
import * as users from '@parley/core/people/users';
import type { Context } from '../context.ts';
import { bearerToken, route } from '../http/route.ts';

export const signOutRoutes = ({ pool, gateway, signOuts }: Context) => [
  route({
    operationId: 'signOut',
    method: 'post',
    path: '/api/sign-out',
    summary: 'End all your sessions: tokens issued before are answered 401. Takes up to a second',
    response: z.strictObject({}),
    async handle({ user, issuedAtSeconds, req }) {
      await users.signOut(pool, user.uuid, issuedAtSeconds);
      gateway.publishSessionsEnded(user.uuid);
      await signOuts.endAll(bearerToken(req), user.uuid);
      return {};
    },
  }),
];
