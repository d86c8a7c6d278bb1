import { AppError, type ErrorCode } from '@parley/core/errors';
import * as users from '@parley/core/users';
import type { Context } from '../context.ts';
import { bioMaxChars, displayNameMaxChars } from '../limits.ts';
import { presentProfile, profileSchema } from '../presenters/user.ts';
import { route } from '../route.ts';
import { hasNoNul, nonBlankText, text } from '../schemas.ts';
import { z } from '../zod.ts';

const illFormed = 'text_not_well_formed' satisfies ErrorCode;
const nameTooLong: ErrorCode = `display_name_exceed_max_chars_${displayNameMaxChars}`;
const bioTooLong: ErrorCode = `bio_exceed_max_chars_${bioMaxChars}`;

const profileBody = z
  .object({
    display_name: nonBlankText({
      max: displayNameMaxChars,
      blank: 'display_name_blank',
      tooLong: nameTooLong,
      illFormed,
    }).refine(hasNoNul, illFormed),
    bio: text({ max: bioMaxChars, tooLong: bioTooLong, illFormed }).refine(hasNoNul, illFormed).nullish(),
  })
  .openapi('ProfileUpdate');

export const profileRoutes = ({ pool, people }: Context) => [
  route({
    method: 'get',
    path: '/api/profile',
    summary: 'Your profile',
    response: profileSchema,
    handle: ({ user }) => presentProfile(user),
  }),
  ...(['put', 'post'] as const).map((method) =>
    route({
      method,
      path: '/api/profile/update',
      summary: 'Change your name and bio; a bio that is not given stays',
      body: profileBody,
      response: profileSchema,
      errors: ['display_name_blank', nameTooLong, bioTooLong, illFormed],
      async handle({ user, body: { display_name, bio } }) {
        const changed = await users.updateProfile(pool, user.uuid, { display_name, bio: bio ?? undefined });
        if (!changed) throw new AppError('generic_401');
        people.forget(user.uuid);
        return presentProfile(changed);
      },
    }),
  ),
];
