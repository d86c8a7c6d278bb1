import { profileCodes, profileSchema, profileUpdateBody } from '@parley/contract/user';
import { z } from '@parley/contract/zod';
import { AppError } from '@parley/core/errors';
import * as users from '@parley/core/people/users';
import { person } from '@parley/core/transfer/export-person';
import type { Context } from '../context.ts';
import { bearerToken, route } from '../http/route.ts';
import { presentProfile } from '../presenters/user.ts';

/** An erasure cannot be undone, so an old token is not enough. */
const freshSignInSeconds = 600;

export const profileRoutes = ({ pool, table, people, gateway, erasures }: Context) => {
  const exporting = new Set<string>();

  async function* exportOf(user: users.User) {
    try {
      yield* person(table, pool, user);
    } finally {
      exporting.delete(user.uuid);
    }
  }

  return [
    route({
      operationId: 'getProfile',
      method: 'get',
      path: '/api/profile',
      summary: 'Your profile',
      response: profileSchema,
      handle: ({ user }) => presentProfile(user),
    }),
    ...(['put', 'post'] as const).map((method) =>
      route({
        operationId: method === 'put' ? 'updateProfile' : 'updateProfileByPost',
        method,
        path: '/api/profile/update',
        summary: 'Change your name and bio; a missing bio stays unchanged',
        body: profileUpdateBody,
        response: profileSchema,
        errors: profileCodes,
        async handle({ user, body: { display_name, bio } }) {
          const changed = await users.updateProfile(pool, user.uuid, { display_name, bio: bio ?? undefined });
          if (!changed) throw new AppError('generic_401');
          people.forget(user.uuid);
          return presentProfile(changed);
        },
      }),
    ),
    route({
      operationId: 'exportProfile',
      method: 'get',
      path: '/api/profile/export',
      summary: 'Everything that Parley stores about you, as JSON Lines: profile, conversations, messages',
      contentType: 'application/x-ndjson',
      response: z.custom<AsyncGenerator<string>>().openapi({ type: 'string' }),
      handle({ user, res }) {
        // An export reads all conversations of the person, so only one may run at a time.
        if (exporting.has(user.uuid)) {
          res.set('Retry-After', '10');
          throw new AppError('rate_limited');
        }
        exporting.add(user.uuid);
        res.set('Content-Disposition', 'attachment; filename="parley.jsonl"');
        return exportOf(user);
      },
    }),
    route({
      operationId: 'eraseProfile',
      method: 'delete',
      path: '/api/profile',
      summary:
        'Erase yourself, within 10 minutes of signing in. Your name and texts disappear for everybody within seconds and for good',
      response: z.strictObject({}),
      errors: ['fresh_sign_in_required'],
      async handle({ user, req, issuedAtSeconds }) {
        if (Date.now() / 1_000 - issuedAtSeconds > freshSignInSeconds)
          throw new AppError('fresh_sign_in_required');
        await erasures.begin(user.uuid, bearerToken(req));
        people.forget(user.uuid);
        gateway.publishSessionsEnded(user.uuid);
        return {};
      },
    }),
  ];
};
