import type { ErrorCode } from './errors.ts';
import { hasNoNul, nameText, text, tone, uuid } from './fields.ts';
import { bioMaxChars, displayNameMaxChars } from './limits.ts';
import { z } from './zod.ts';

export const shortUserSchema = z
  .object({ uuid, handle: z.string(), display_name: z.string(), tone })
  .openapi('ShortUser');
export type ShortUser = z.output<typeof shortUserSchema>;

export const profileSchema = z.object({ ...shortUserSchema.shape, bio: z.string() }).openapi('Profile');
export type Profile = z.output<typeof profileSchema>;

const illFormed = 'text_not_well_formed' satisfies ErrorCode;
const nameTooLong: ErrorCode = `display_name_exceed_max_chars_${displayNameMaxChars}`;
const bioTooLong: ErrorCode = `bio_exceed_max_chars_${bioMaxChars}`;

/** Every code that an invalid body of a profile update can get. */
export const profileCodes: ErrorCode[] = ['display_name_blank', nameTooLong, bioTooLong, illFormed];

export const profileUpdateBody = z
  .object({
    display_name: nameText({
      max: displayNameMaxChars,
      blank: 'display_name_blank',
      tooLong: nameTooLong,
      illFormed,
    }),
    bio: text({ max: bioMaxChars, tooLong: bioTooLong, illFormed }).refine(hasNoNul, illFormed).nullish(),
  })
  .openapi('ProfileUpdate');
export type ProfileUpdateBody = z.output<typeof profileUpdateBody>;

export const handleAvailabilitySchema = z
  .object({ handle: z.string(), available: z.boolean() })
  .openapi('HandleAvailability');
export type HandleAvailability = z.output<typeof handleAvailabilitySchema>;
