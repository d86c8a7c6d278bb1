import { entryKinds } from '@parley/contract/entry-kinds';
import { beginning, type Kind, orderFaults } from './kind.ts';
import { shownTitle } from './shown-title.ts';

export type GroupCreated = { type: 'group_created'; title: string; members: string[] };

export const groupCreated: Kind<GroupCreated> = {
  ...entryKinds.group_created,
  preview: beginning,
  redact: (entry) => `The group “${shownTitle(entry)}” was created`,
  fold(group, entry) {
    const joined = { seq: entry.seq, count: entry.message_count };
    group.isGroup = true;
    group.title = entry.title;
    for (const uuid of entry.members)
      group.members.set(uuid, { role: uuid === entry.user_uuid ? 'admin' : 'member', joined });
    return orderFaults(entry, true);
  },
};
