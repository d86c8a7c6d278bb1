import type { User } from '@parley/core/people/users';
import { uuid } from '../http/schemas.ts';
import { z } from '../http/zod.ts';

export const shortUserSchema = z
  .object({ uuid, handle: z.string(), display_name: z.string() })
  .openapi('ShortUser');

export const profileSchema = z.object({ ...shortUserSchema.shape, bio: z.string() }).openapi('Profile');

export const presentShortUser = ({ uuid, handle, display_name }: User): z.input<typeof shortUserSchema> => ({
  uuid,
  handle,
  display_name,
});

export const presentProfile = (user: User): z.input<typeof profileSchema> => ({
  ...presentShortUser(user),
  bio: user.bio,
});
