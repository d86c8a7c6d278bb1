import { ApiError } from '../api/errors.ts';
import type { Api } from '../api/requests.ts';
import type { InboxRow, Settings } from '../api/types.ts';
import { TokenError } from '../tokens.ts';
import { applyRead, applyRow, applySettings, dropRow, type Inbox, sorted } from './inbox.ts';

const maxMissing = 10;

type Options = {
  api: Pick<Api, 'inbox' | 'hidden' | 'positions' | 'changeSettings'>;
  /** A row arrived, from a request or an event. */
  onRow(row: InboxRow): void;
  onChange(): void;
};

export type InboxSync = ReturnType<typeof createInboxSync>;

/** The inbox as requests and events make it. */
export function createInboxSync({ api, onRow, onChange }: Options) {
  let inbox: Inbox = new Map();
  let nextPage: string | undefined;
  let status: 'loading' | 'ready' | 'failed' = 'loading';

  /** Whether the merged row is exact; if not, the inbox must be read again. */
  function apply(row: InboxRow): boolean {
    const applied = applyRow(inbox, row);
    inbox = applied.inbox;
    onRow(row);
    onChange();
    return applied.isExact;
  }

  async function read() {
    try {
      const { rows, next } = await api.inbox();
      for (const row of rows) apply(row);
      if (status !== 'ready') nextPage = next;
      status = 'ready';
      refreshMissing(rows, next ? rows.at(-1)?.created_at : '');
    } catch (error) {
      if (status !== 'ready') status = 'failed';
      if (!isExpected(error)) throw error;
    } finally {
      onChange();
    }
  }

  /** Known rows that belong on this page and are absent were hidden or left on another device. */
  function refreshMissing(rows: InboxRow[], from = '') {
    const listed = new Set(rows.map((row) => row.uuid));
    const missing = sorted(inbox).filter((row) => row.created_at > from && !listed.has(row.uuid));
    for (const { uuid } of missing.slice(0, maxMissing)) void refreshSettings(uuid).catch(() => {});
  }

  async function refreshSettings(uuid: string) {
    const version = inbox.get(uuid)?.settings_version;
    try {
      const { muted, hidden } = await api.positions(uuid);
      if (inbox.get(uuid)?.settings_version === version)
        inbox = applySettings(inbox, uuid, { muted, hidden });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      inbox = dropRow(inbox, uuid);
    }
    onChange();
  }

  return {
    rows: () => inbox,
    row: (uuid: string) => inbox.get(uuid),
    status: () => status,
    hasMore: () => nextPage !== undefined,
    hasHidden: () => sorted(inbox, true).length > 0,
    apply,
    read,
    async readMore() {
      if (!nextPage) return;
      const path = nextPage;
      nextPage = undefined;
      try {
        const { rows, next } = await api.inbox(path);
        for (const row of rows) apply(row);
        nextPage = next;
      } catch {
        nextPage = path;
      }
      onChange();
    },
    async readHidden() {
      for (const row of (await api.hidden()).rows) apply(row);
    },
    applyRead(uuid: string, read: { read_seq: number; unread_count: number }) {
      inbox = applyRead(inbox, uuid, read);
      onChange();
    },
    /** Rejects if the server refuses. */
    async changeSettings(uuid: string, settings: Partial<Settings>): Promise<Settings> {
      const version = inbox.get(uuid)?.settings_version;
      const now = await api.changeSettings(uuid, settings);
      // A row that arrived during the request is newer than the answer.
      if (inbox.get(uuid)?.settings_version === version) inbox = applySettings(inbox, uuid, now);
      onChange();
      return now;
    },
    drop(uuid: string) {
      inbox = dropRow(inbox, uuid);
      onChange();
    },
  };
}

/** The API and the token source report these errors to the person themselves. */
const isExpected = (error: unknown) => error instanceof ApiError || error instanceof TokenError;
