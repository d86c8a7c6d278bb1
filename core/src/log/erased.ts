import type { Entry, Person } from './entries.ts';
import { kindOf } from './kinds/index.ts';

/*
 * What is left of an erased person: their entries' place, type, time and count. No text of theirs, no name, no key.
 * Whoever shows, writes or exports an entry passes it through here, so that a text which some copy still holds stays
 * in that copy.
 */

export type IsErased = (userUuid: string) => boolean;

export const deletedName = 'Deleted user';

const tombstonePrefix = 'deleted-';
/** A handle longer than any sign-up can take. */
export const tombstoneHandle = (userUuid: string) => `${tombstonePrefix}${userUuid}`;

/** What everybody sees in place of an erased person's names. */
export const tombstoneName = (userUuid: string) => ({
  handle: tombstoneHandle(userUuid),
  display_name: deletedName,
});

/** Whether these names, of what Postgres holds, are those of an erased person. */
export const erasedIn =
  (names: ReadonlyMap<string, Pick<Person, 'handle'>>): IsErased =>
  (userUuid) => {
    const { handle } = names.get(userUuid) ?? {};
    // Most are not: of them no other handle is made to compare.
    return handle?.startsWith(tombstonePrefix) === true && handle === tombstoneHandle(userUuid);
  };

/** Everybody whom an entry names. */
export const peopleOf = (entry: Entry) =>
  'members' in entry ? [entry.user_uuid, ...entry.members] : [entry.user_uuid];

/** The entry without what is of erased people; the very same where it holds nothing of theirs. */
export function withoutErased(entry: Entry, isErased: IsErased): Entry {
  const isOwn = isErased(entry.user_uuid);
  if (!isOwn && !peopleOf(entry).some(isErased)) return entry;
  const message = kindOf(entry).redact(entry);
  const { handle, display_name } = tombstoneName(entry.user_uuid);
  const isGone = !isOwn || (entry.user_handle === handle && entry.user_display_name === display_name);
  const hasKey = isOwn && (entry.idempotency_key !== undefined || entry.body_hash !== undefined);
  if (isGone && !hasKey && entry.message === message) return entry;
  if (!isOwn) return { ...entry, message };
  const { idempotency_key: _key, body_hash: _hash, ...kept } = entry;
  return { ...kept, message, user_handle: handle, user_display_name: display_name };
}
