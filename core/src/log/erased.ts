import type { Entry, Person } from './entries.ts';
import { kindOf } from './kinds/index.ts';

/*
 * Of an erased person's entries only sequence number, type, time and message count remain: no text, name or key. Code
 * that shows, copies or exports an entry calls `withoutErased` first, so that a text which is still stored somewhere is
 * not passed on.
 */

export type IsErased = (userUuid: string) => boolean;

export const deletedName = 'Deleted user';

const tombstonePrefix = 'deleted-';
/** The handle of a tombstone. It is longer than any handle of a sign-up. */
export const tombstoneHandle = (userUuid: string) => `${tombstonePrefix}${userUuid}`;

/** The names that everybody sees for an erased person. */
export const tombstoneName = (userUuid: string) => ({
  handle: tombstoneHandle(userUuid),
  display_name: deletedName,
});

/** Decides by the names in Postgres whether a person is erased: an erased person has a tombstone's handle. */
export const erasedIn =
  (names: ReadonlyMap<string, Pick<Person, 'handle'>>): IsErased =>
  (userUuid) => {
    const { handle } = names.get(userUuid) ?? {};
    // The prefix is compared first, because building the whole handle for every person is slow.
    return handle?.startsWith(tombstonePrefix) === true && handle === tombstoneHandle(userUuid);
  };

/** Whether the entry itself says that its author is erased, as the one by which they leave a group does. */
export const hasErasedAuthor = ({ user_uuid, user_handle }: Entry) =>
  user_handle === tombstoneHandle(user_uuid);

/** The uuids of everybody whom an entry names. */
export const peopleOf = (entry: Entry) =>
  'members' in entry ? [entry.user_uuid, ...entry.members] : [entry.user_uuid];

/** The entry without data of erased people. Returns the same object if it holds none. */
export function withoutErased(entry: Entry, isErased: IsErased): Entry {
  const isOwn = isErased(entry.user_uuid);
  if (!isOwn && !peopleOf(entry).some(isErased)) return entry;
  const message = kindOf(entry).redact(entry);
  const { handle, display_name } = tombstoneName(entry.user_uuid);
  const isGone = !isOwn || (entry.user_handle === handle && entry.user_display_name === display_name);
  const hasKey = isOwn && (entry.idempotency_key !== undefined || entry.body_hash !== undefined);
  if (isGone && !hasKey && entry.message === message) return entry;
  if (!isOwn) return { ...entry, message };
  const { idempotency_key: _key, body_hash: _hash, ...rest } = entry;
  return { ...rest, message, user_handle: handle, user_display_name: display_name };
}
