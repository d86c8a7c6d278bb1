import { entryKinds } from '@parley/contract/entry-kinds';
import { beginning, type Kind, orderFaults } from './kind.ts';

export type MembersAdded = { type: 'members_added'; members: string[] };

export const membersAdded: Kind<MembersAdded> = {
  ...entryKinds.members_added,
  preview: beginning,
  redact: ({ members }) =>
    members.length === 1 ? 'A member was added' : `${members.length} members were added`,
  fold({ members }, entry) {
    const faults = orderFaults(entry, false);
    const joined = { seq: entry.seq, count: entry.message_count };
    for (const uuid of entry.members) {
      if (members.has(uuid)) faults.push(`adds ${uuid}, who is a member already`);
      else members.set(uuid, { role: 'member', joined });
    }
    return faults;
  },
};
