import { entryKinds } from '@parley/contract/entry-kinds';
import { beginning, type Kind, orderFaults } from './kind.ts';

export type MemberRemoved = { type: 'member_removed'; members: string[] };

export const memberRemoved: Kind<MemberRemoved> = {
  ...entryKinds.member_removed,
  preview: beginning,
  redact: ({ members, user_uuid }) =>
    members[0] === user_uuid ? 'A member left the group' : 'A member was removed',
  fold({ members, left }, entry) {
    const faults = orderFaults(entry, false);
    for (const uuid of entry.members) {
      left.add(uuid);
      if (!members.delete(uuid)) faults.push(`removes ${uuid}, who is not a member`);
    }
    return faults;
  },
};
