import type { InboxRow, Settings } from '../api/types.ts';
import { applyRead, applyRow, applySettings, dropRow, type Inbox, sorted } from './inbox.ts';

type Options = {
  /** A row arrived, from a request or an event. */
  onRow(row: InboxRow): void;
  onChange(): void;
};

export type InboxRows = ReturnType<typeof createInboxRows>;

/** The known rows of the inbox. */
export function createInboxRows({ onRow, onChange }: Options) {
  let inbox: Inbox = new Map();

  function change(next: Inbox) {
    inbox = next;
    onChange();
  }

  return {
    rows: () => inbox,
    row: (uuid: string) => inbox.get(uuid),
    hasHidden: () => sorted(inbox, true).length > 0,
    /** Whether the merged row is exact; if not, the inbox must be read again. */
    apply(row: InboxRow): boolean {
      const applied = applyRow(inbox, row);
      inbox = applied.inbox;
      onRow(row);
      onChange();
      return applied.isExact;
    },
    applyRead(uuid: string, read: { read_seq: number; unread_count: number }) {
      change(applyRead(inbox, uuid, read));
    },
    /** Applies the answer to a request, unless a row that arrived during the request is newer. */
    applySettings(uuid: string, settings: Settings, versionBefore: number | undefined) {
      const isCurrent = inbox.get(uuid)?.settings_version === versionBefore;
      change(isCurrent ? applySettings(inbox, uuid, settings) : inbox);
    },
    drop: (uuid: string) => change(dropRow(inbox, uuid)),
  };
}
