import { isolate } from '@parley/contract/direction';
import { isWellFormedName } from '@parley/contract/names';
import type { Entry, Person } from './entries.ts';

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
  const message = namelessText(entry);
  const { handle, display_name } = tombstoneName(entry.user_uuid);
  const isGone = !isOwn || (entry.user_handle === handle && entry.user_display_name === display_name);
  const hasKey = isOwn && (entry.idempotency_key !== undefined || entry.body_hash !== undefined);
  if (isGone && !hasKey && entry.message === message) return entry;
  if (!isOwn) return { ...entry, message };
  const { idempotency_key: _key, body_hash: _hash, ...kept } = entry;
  return { ...kept, message, user_handle: handle, user_display_name: display_name };
}

/** Titles of earlier versions may hold what turns the words beside them. */
const titleIn = ({ title }: { title: string }) => (isWellFormedName(title) ? title : isolate(title));

/** What happened, without a name. */
function namelessText(entry: Entry): string {
  switch (entry.type) {
    case 'message':
      return '';
    case 'group_created':
      return `The group “${titleIn(entry)}” was created`;
    case 'members_added':
      return entry.members.length === 1 ? 'A member was added' : `${entry.members.length} members were added`;
    case 'member_removed':
      return entry.members[0] === entry.user_uuid ? 'A member left the group' : 'A member was removed';
    case 'role_changed':
      return entry.role === 'admin' ? 'A member is now an admin' : 'An admin is now a member';
    case 'title_changed':
      return `The group was renamed to “${titleIn(entry)}”`;
  }
}
