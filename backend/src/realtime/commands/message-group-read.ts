import { readPayload } from '@parley/contract/frames';
import { parse } from '../../http/route.ts';
import type { CreateCommand } from './command.ts';

export const messageGroupRead: CreateCommand = ({ ownChanges }) => ({
  cost: 'request',
  async answer({ user }, payload) {
    const { message_group_uuid, seq } = parse(readPayload, payload, 'body_invalid');
    return ownChanges.markRead({ userUuid: user.uuid, messageGroupUuid: message_group_uuid, seq });
  },
});
