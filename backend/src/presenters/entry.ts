import type { Entry as EntryBody } from '@parley/contract/entry';
import type { Entry } from '@parley/core/log/entries';
import { erasedIn, withoutErased } from '@parley/core/log/erased';
import type { Name } from '@parley/core/people/names';

/**
 * `names` holds the current names of everybody in the entry. The stored names stand in while Postgres does not answer.
 * The texts of erased people are left out, whatever the source of the entry.
 */
export function presentEntry(stored: Entry, names: Map<string, Name>): EntryBody {
  const entry = withoutErased(stored, erasedIn(names));
  const name = names.get(entry.user_uuid);
  return {
    uuid: entry.message_uuid,
    seq: entry.seq,
    type: entry.type,
    message_group_uuid: entry.message_group_uuid,
    user_uuid: entry.user_uuid,
    display_name: name?.display_name ?? entry.user_display_name,
    handle: name?.handle ?? entry.user_handle,
    tone: name?.tone ?? null,
    message: entry.message,
    created_at: entry.created_at,
  };
}
