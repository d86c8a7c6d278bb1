import type { NodeEvent } from '@parley/core/live/delivery';
import { isLarge } from '@parley/core/live/push';
import type { Audience } from './audience.ts';
import type { Conversations } from './conversations.ts';
import { event } from './frames.ts';
import type { Presence } from './presence.ts';
import type { Rows } from './rows.ts';
import type { SessionChecks } from './session-checks.ts';
import type { Sockets } from './sockets.ts';

export type NodeEventParts = {
  audience: Audience;
  sockets: Pick<Sockets, 'send'>;
  conversations: Pick<Conversations, 'deliverAhead'>;
  rows: Pick<Rows, 'show'>;
  presence: Pick<Presence, 'show'>;
  sessionChecks: Pick<SessionChecks, 'checkPerson'>;
};

type NodeEventName = NodeEvent['event'];
type Handler<Name extends NodeEventName> = (
  parts: NodeEventParts,
  nodeEvent: Extract<NodeEvent, { event: Name }>,
) => void | Promise<void>;

/** What each event of a node (this one included) does to the sockets here. A new event is a line of this record. */
const handlers: { [Name in NodeEventName]: Handler<Name> } = {
  presence: ({ presence }, nodeEvent) => presence.show(nodeEvent),
  appended: ({ conversations }, { entry }) => conversations.deliverAhead(entry.message_group_uuid, [entry]),
  settings: ({ rows }, { row }) => rows.show(row),
  sessions_ended: ({ sessionChecks }, { user_uuid }) => sessionChecks.checkPerson(user_uuid),

  async typing({ audience, sockets }, { message_group_uuid, user_uuid }) {
    const roster = await audience.roster(message_group_uuid);
    if (!roster?.has(user_uuid)) return;
    const frame = event('typing', { message_group_uuid, user_uuid });
    for (const userUuid of audience.membersHere(roster))
      if (userUuid !== user_uuid) sockets.send(userUuid, frame);
  },

  async read({ audience, sockets, rows }, { message_group_uuid, user_uuid, read_seq, row }) {
    const roster = await audience.roster(message_group_uuid);
    if (!roster?.has(user_uuid)) return;
    const frame = event('message_group.read', { message_group_uuid, user_uuid, read_seq });
    for (const userUuid of isLarge(roster) ? [user_uuid] : audience.membersHere(roster))
      sockets.send(userUuid, frame);
    if (row) await rows.show(row);
  },
};

export async function applyNodeEvent(parts: NodeEventParts, nodeEvent: NodeEvent): Promise<void> {
  // Nodes of another version may run beside this one.
  if (!Object.hasOwn(handlers, nodeEvent.event)) throw new Error('this node does not know the event');
  const handler = handlers[nodeEvent.event] as Handler<NodeEventName>;
  await handler(parts, nodeEvent);
}
