import { expect, test } from '@jest/globals';
import { ApiError } from '../api/errors.ts';
import type { Api } from '../api/requests.ts';
import type { InboxRow } from '../api/types.ts';
import { TokenError } from '../tokens.ts';
import { createInboxSync } from './inbox-sync.ts';

const row = (uuid: string, part: Partial<InboxRow> = {}): InboxRow => ({
  ...{ uuid, kind: 'group', display_name: uuid, handle: null, user_uuid: null, tone: null, message: 'text' },
  created_at: `2026-01-0${uuid.length}`,
  ...{ sender_uuid: 'b', sender_display_name: 'B' },
  ...{ last_seq: 5, unread_count: 2, read_seq: 3, muted: false, hidden: false, settings_version: 1 },
  ...part,
});
type Page = { rows: InboxRow[]; next?: string | undefined };

/** A server with pages by path, whose settings of a conversation are those of `settings`, or which refuses. */
function world(pages: Record<string, Page | Error>) {
  const asked: string[] = [];
  const settings = new Map<string, { muted: boolean; hidden: boolean } | Error>();
  const answer = async <T>(name: string, value: T | Error | undefined): Promise<T> => {
    asked.push(name);
    if (value === undefined || value instanceof Error) throw value ?? new ApiError(404, []);
    return value;
  };
  const api = {
    inbox: (path = 'first') => answer(path, pages[path]),
    hidden: () => answer('hidden', pages.hidden),
    positions: (uuid: string) => answer(`positions ${uuid}`, settings.get(uuid)),
    changeSettings: (uuid: string) => answer(`change ${uuid}`, settings.get(uuid)),
  } as unknown as Api;
  const arrived: string[] = [];
  let changes = 0;
  const inbox = createInboxSync({
    api,
    onRow: ({ uuid }) => arrived.push(uuid),
    onChange() {
      changes += 1;
    },
  });
  const uuids = () => [...inbox.rows().keys()].sort();
  return { inbox, asked, settings, arrived, pages, uuids, changes: () => changes };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('the first page is read, and each further page is read once, even if two callers request it', async () => {
  const { inbox, asked, arrived, uuids } = world({
    first: { rows: [row('ccc')], next: '/second' },
    '/second': { rows: [row('bb')], next: '/third' },
    '/third': { rows: [row('a')] },
  });
  expect(inbox.status()).toBe('loading');
  await inbox.read();
  expect([inbox.status(), inbox.hasMore(), uuids()]).toEqual(['ready', true, ['ccc']]);
  await Promise.all([inbox.readMore(), inbox.readMore()]);
  await inbox.readMore();
  await inbox.readMore();
  expect([inbox.hasMore(), uuids(), arrived]).toEqual([false, ['a', 'bb', 'ccc'], ['ccc', 'bb', 'a']]);
  expect(asked).toEqual(['first', '/second', '/third']);
});

test('a later read does not reset the position in the pages', async () => {
  const { inbox, asked } = world({
    first: { rows: [row('ccc')], next: '/second' },
    '/second': { rows: [row('bb')], next: '/third' },
  });
  await inbox.read();
  await inbox.readMore();
  await inbox.read();
  await inbox.readMore().catch(() => {});
  expect(asked.at(-1)).toBe('/third');
});

test('a failed page is requested again', async () => {
  const { inbox, pages, uuids } = world({
    first: { rows: [row('ccc')], next: '/second' },
    '/second': new ApiError(503, ['busy']),
  });
  await inbox.read();
  await inbox.readMore();
  expect(inbox.hasMore()).toBe(true);
  pages['/second'] = { rows: [row('bb')] };
  await inbox.readMore();
  expect([inbox.hasMore(), uuids()]).toEqual([false, ['bb', 'ccc']]);
});

test('a failed first read is reported, a failed later one keeps the rows, and only a bug is thrown', async () => {
  const { inbox, pages } = world({ first: new ApiError(503, ['busy']) });
  await inbox.read();
  expect(inbox.status()).toBe('failed');
  pages.first = new TokenError('signed out');
  await inbox.read();
  pages.first = new TypeError('a bug');
  await expect(inbox.read()).rejects.toThrow('a bug');
  pages.first = { rows: [row('a')] };
  await inbox.read();
  pages.first = new ApiError(503, ['busy']);
  await inbox.read();
  expect([inbox.status(), inbox.rows().size]).toEqual(['ready', 1]);
});

test('a known row that is missing in its page is removed, and a row after the page is kept', async () => {
  const { inbox, asked, settings, pages, uuids } = world({
    first: { rows: [row('dddd'), row('ccc'), row('bb'), row('a')] },
  });
  await inbox.read();
  settings.set('dddd', { muted: true, hidden: true });
  pages.first = { rows: [row('bb')], next: '/second' };
  await inbox.read();
  await turn();
  expect(asked.slice(2)).toEqual(['positions dddd', 'positions ccc']);
  expect(inbox.row('dddd')).toMatchObject({ muted: true, hidden: true });
  expect([uuids(), inbox.hasHidden()]).toEqual([['a', 'bb', 'dddd'], true]);
});

test('the hidden list shows which hidden rows are gone', async () => {
  const hidden = (uuid: string) => row(uuid, { hidden: true });
  const { inbox, settings, pages, uuids } = world({
    first: { rows: [row('a')] },
    hidden: { rows: [hidden('bb'), hidden('ccc'), hidden('dddd')] },
  });
  await inbox.read();
  await inbox.readHidden();
  settings.set('ccc', { muted: false, hidden: false });
  pages.hidden = { rows: [hidden('bb')] };
  await inbox.readHidden();
  await turn();
  expect([uuids(), inbox.row('ccc')?.hidden]).toEqual([['a', 'bb', 'ccc'], false]);
});

test('a row that arrives during a change of settings is newer than its answer', async () => {
  const { inbox, settings } = world({});
  inbox.apply(row('a'));
  settings.set('a', { muted: true, hidden: false });
  expect(await inbox.changeSettings('a', { muted: true })).toEqual({ muted: true, hidden: false });
  expect(inbox.row('a')?.muted).toBe(true);
  const asked = inbox.changeSettings('a', { muted: true });
  inbox.apply(row('a', { muted: false, settings_version: 2 }));
  await asked;
  expect(inbox.row('a')).toMatchObject({ muted: false, settings_version: 2 });
  settings.set('a', new ApiError(404, []));
  await expect(inbox.changeSettings('a', { muted: true })).rejects.toThrow(ApiError);
});

test('every change is announced', async () => {
  const { inbox, changes } = world({ first: { rows: [] } });
  let before = 0;
  for (const change of [
    () => inbox.apply(row('a')),
    () => inbox.applyRead('a', { read_seq: 5, unread_count: 0 }),
    () => inbox.drop('a'),
    () => inbox.read(),
  ]) {
    await change();
    expect(changes()).toBeGreaterThan(before);
    before = changes();
  }
});
