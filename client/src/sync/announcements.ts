import type { Entry, InboxRow } from '../api/types.ts';

type Options = {
  row(uuid: string): InboxRow | undefined;
  onMessage(entry: Entry, row: InboxRow): void;
};

/** Announces messages of others, except in muted conversations. */
export function createAnnouncements({ row, onMessage }: Options) {
  /** The newest message of each conversation whose row, and so whose mute setting, is unknown. */
  const waiting = new Map<string, Entry>();

  function announce(entry: Entry) {
    const known = row(entry.message_group_uuid);
    if (!known) return void waiting.set(entry.message_group_uuid, entry);
    waiting.delete(known.uuid);
    if (!known.muted) onMessage(entry, known);
  }

  return {
    announce,
    /** Call when the row of this conversation has become known. */
    announceWaiting(uuid: string) {
      const entry = waiting.get(uuid);
      if (entry) announce(entry);
    },
  };
}
