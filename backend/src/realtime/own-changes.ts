import * as settings from '@parley/core/inbox/settings';
import * as summaries from '@parley/core/inbox/summaries';
import type { Parts } from '../parts.ts';
import type { Publisher } from './publisher.ts';

export type OwnChanges = ReturnType<typeof createOwnChanges>;

type Own = { userUuid: string; messageGroupUuid: string };
export type OwnChangesParts = Pick<Parts, 'table' | 'newestEntries' | 'logger'> & { publisher: Publisher };

/** Changes that a person makes to their own row of a conversation, published to their devices. */
export function createOwnChanges({ table, newestEntries, logger, publisher }: OwnChangesParts) {
  async function publishRead({ userUuid, messageGroupUuid }: Own, read_seq: number | null) {
    // A member added later who has read only older entries has no read position to publish.
    if (read_seq === null) return;
    const row = await summaries.get(table, newestEntries, userUuid, messageGroupUuid);
    await publisher.publish({
      ...{ event: 'read', message_group_uuid: messageGroupUuid, user_uuid: userUuid },
      ...{ read_seq, row },
    });
  }

  return {
    /** Marks as read, and publishes the position to the members. Throws as `summaries.markRead` does. */
    async markRead(input: Own & { seq: number }) {
      const { receipt, ...position } = await summaries.markRead(table, input);
      void publishRead(input, receipt).catch((err) =>
        logger.warn({ err }, 'a read position was not published'),
      );
      return position;
    },

    /** Mutes or hides, and publishes the row. Throws as `settings.change` does. */
    async changeSettings(input: settings.Settings & Own): Promise<summaries.Summary> {
      const changed = await settings.change(table, input);
      const row = await summaries.overlay(newestEntries, changed);
      publisher.publishInBackground({ event: 'settings', user_uuid: input.userUuid, row });
      return changed;
    },
  };
}
