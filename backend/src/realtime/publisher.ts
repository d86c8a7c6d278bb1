import { flagsOf } from '@parley/contract/entry-kinds';
import type { NodeEvent } from '@parley/core/live/delivery';
import type { Entry } from '@parley/core/log/entries';
import type { Logger } from '../observe/logger.ts';
import type { Conversations } from './conversations.ts';
import type { Outboxes } from './outboxes.ts';

export type Publisher = ReturnType<typeof createPublisher>;

export type PublisherOptions = {
  /** Applies an event on this node. */
  apply: (event: NodeEvent) => Promise<void>;
  outboxes: Outboxes;
  conversations: Pick<Conversations, 'deliverAhead'>;
  logger: Logger;
};

/** Publishes the events of this node: to its own sockets, and to the other nodes. */
export function createPublisher({ apply, outboxes, conversations, logger }: PublisherOptions) {
  async function publish(event: NodeEvent) {
    await Promise.all([apply(event), outboxes.broadcast(event)]);
  }

  return {
    publish,
    publishInBackground: (event: NodeEvent) =>
      void publish(event).catch((err) =>
        logger.warn({ err, event: event.event }, 'an event was not published'),
      ),

    /**
     * Sends messages that this node appended to the sockets at once, here and on other nodes. The stream delivers them
     * again, and sequencers skip the repeat. Changes of members wait for the stream, and so do the entries after them.
     */
    publishAppended(written: Entry[]) {
      for (const entry of written.filter((each) => !flagsOf(each).changesGroup)) {
        conversations.deliverAhead(entry.message_group_uuid, [entry]);
        outboxes
          .broadcastIfFew({ event: 'appended', user_uuid: entry.user_uuid, entry })
          .catch((err) => logger.debug({ err }, 'an entry was not published; the stream delivers it'));
      }
    },
  };
}
