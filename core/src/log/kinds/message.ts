import { entryKinds } from '@parley/contract/entry-kinds';
import { beginning, type Kind, noFaults } from './kind.ts';

export type Message = { type: 'message' };

export const message: Kind<Message> = {
  ...entryKinds.message,
  preview: beginning,
  redact: () => '',
  fold({ isGroup, members }, { user_uuid }) {
    if (!isGroup || members.has(user_uuid)) return noFaults;
    return [`was written by ${user_uuid}, who was not a member`];
  },
};
