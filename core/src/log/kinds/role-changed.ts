import { entryKinds } from '@parley/contract/entry-kinds';
import type { Role } from '../members.ts';
import { beginning, type Kind, orderFaults } from './kind.ts';

export type RoleChanged = { type: 'role_changed'; members: string[]; role: Role };

export const roleChanged: Kind<RoleChanged> = {
  ...entryKinds.role_changed,
  preview: beginning,
  redact: ({ role }) => (role === 'admin' ? 'A member is now an admin' : 'An admin is now a member'),
  fold({ members }, entry) {
    const faults = orderFaults(entry, false);
    for (const uuid of entry.members) {
      const member = members.get(uuid);
      if (member) member.role = entry.role;
      else faults.push(`makes ${uuid} ${entry.role}, who is not a member`);
    }
    return faults;
  },
};
