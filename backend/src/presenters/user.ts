import type { Profile, ShortUser } from '@parley/contract/user';
import type { User } from '@parley/core/people/users';

export const presentShortUser = ({ uuid, handle, display_name, tone }: User): ShortUser => ({
  uuid,
  handle,
  display_name,
  tone,
});

export const presentProfile = (user: User): Profile => ({
  ...presentShortUser(user),
  bio: user.bio,
});
