import { ApiError } from '../api/errors.ts';
import type { Api } from '../api/requests.ts';
import type { InboxRow, Settings } from '../api/types.ts';
import { TokenError } from '../tokens.ts';
import { sorted } from './inbox.ts';
import { createInboxRows } from './inbox-rows.ts';

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
  const inbox = createInboxRows({ onRow, onChange });
  let nextPage: string | undefined;
  let status: 'loading' | 'ready' | 'failed' = 'loading';

  async function read() {
    try {
      const { rows, next } = await api.inbox();
      for (const row of rows) inbox.apply(row);
      if (status !== 'ready') nextPage = next;
      status = 'ready';
      refreshMissing({ rows, next });
    } catch (error) {
      if (status !== 'ready') status = 'failed';
      if (!isExpected(error)) throw error;
    } finally {
      onChange();
    }
  }

  /** Known rows that belong on this page and are absent were hidden, shown again or left on another device. */
  function refreshMissing({ rows, next }: { rows: InboxRow[]; next?: string | undefined }, isHidden = false) {
    const from = (next && rows.at(-1)?.created_at) ?? '';
    const listed = new Set(rows.map((row) => row.uuid));
    const known = sorted(inbox.rows(), isHidden);
    const missing = known.filter((row) => row.created_at > from && !listed.has(row.uuid));
    for (const { uuid } of missing.slice(0, maxMissing)) void refreshSettings(uuid).catch(() => {});
  }

  const versionOf = (uuid: string) => inbox.row(uuid)?.settings_version;

  async function refreshSettings(uuid: string) {
    const version = versionOf(uuid);
    try {
      const { muted, hidden } = await api.positions(uuid);
      inbox.applySettings(uuid, { muted, hidden }, version);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      inbox.drop(uuid);
    }
  }

  return {
    ...inbox,
    status: () => status,
    hasMore: () => nextPage !== undefined,
    read,
    async readMore() {
      if (!nextPage) return;
      const path = nextPage;
      nextPage = undefined;
      try {
        const { rows, next } = await api.inbox(path);
        for (const row of rows) inbox.apply(row);
        nextPage = next;
      } catch {
        nextPage = path;
      }
      onChange();
    },
    async readHidden() {
      const page = await api.hidden();
      for (const row of page.rows) inbox.apply(row);
      refreshMissing(page, true);
    },
    /** Rejects if the server refuses. */
    async changeSettings(uuid: string, settings: Partial<Settings>): Promise<Settings> {
      const version = versionOf(uuid);
      const now = await api.changeSettings(uuid, settings);
      inbox.applySettings(uuid, now, version);
      return now;
    },
  };
}

/** The API and the token source report these errors to the person themselves. */
const isExpected = (error: unknown) => error instanceof ApiError || error instanceof TokenError;
