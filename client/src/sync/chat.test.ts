import { afterEach, describe, expect, test } from '@jest/globals';
import { ApiError } from '../api/errors.ts';
import type { Api } from '../api/requests.ts';
import type { Entry, Group, InboxRow, Member, Settings } from '../api/types.ts';
import { createMemoryStorage } from '../storage.ts';
import { type Chat, createChat } from './chat.ts';

const uuid = 'b3f3c1de-0000-4000-8000-000000000001';
const me = { uuid: 'me', handle: 'me', display_name: 'Me', tone: 1, bio: '' };
const members: Member[] = [
  { ...me, role: 'member', read_seq: 0 },
  { uuid: 'ben', handle: 'ben', display_name: 'Ben', tone: 2, role: 'member', read_seq: 0 },
];

/**
 * A server with one conversation, whose log the tests write to. It answers no requests while `isUnreachable` is set.
 */
function world(length: number, readSeq = length) {
  const log: Entry[] = [];
  const settings = { muted: false, hidden: false, settings_version: 0 };
  const server = { isUnreachable: false, readSeq, requests: 0, hasLeft: false, settings };
  const say = (user_uuid = 'ben', message = `text ${log.length + 1}`) => {
    const entry: Entry = {
      uuid: `m-${log.length + 1}`,
      seq: log.length + 1,
      type: 'message',
      message_group_uuid: uuid,
      user_uuid,
      display_name: user_uuid,
      handle: user_uuid,
      tone: 2,
      message,
      created_at: new Date(2026, 0, 1, 0, 0, log.length).toISOString(),
    };
    log.push(entry);
    return entry;
  };
  for (let count = 0; count < length; count += 1) say();

  function answer<T>(value: () => T): Promise<T> {
    server.requests += 1;
    return server.isUnreachable ? Promise.reject(new ApiError(0, ['no_answer'])) : Promise.resolve(value());
  }
  const position = () => ({
    last_seq: log.length,
    read_seq: server.readSeq,
    unread_count: log.length - server.readSeq,
  });
  const row = (): InboxRow => ({
    uuid,
    kind: 'direct',
    display_name: 'Ben',
    handle: 'ben',
    user_uuid: 'ben',
    tone: 2,
    message: log.at(-1)?.message ?? '',
    sender_uuid: log.at(-1)?.user_uuid ?? '',
    sender_display_name: log.at(-1)?.display_name ?? '',
    created_at: log.at(-1)?.created_at ?? '',
    ...position(),
    ...server.settings,
  });
  const keys = new Map<string, Entry>();
  const api = {
    inbox: () =>
      answer(() => ({ rows: server.settings.hidden || server.hasLeft ? [] : [row()], next: undefined })),
    positions: () => (server.hasLeft ? Promise.reject(new ApiError(404, [])) : answer(() => row())),
    group: () =>
      answer(
        (): Group => ({ uuid, kind: 'direct', title: null, members, ...position(), ...server.settings }),
      ),
    entries: (_uuid: string, { before, after, limit }: { before?: number; after?: number; limit: number }) =>
      answer(() => {
        if (after !== undefined) return log.slice(after, after + limit);
        const end = before === undefined ? log.length : before - 1;
        return log.slice(Math.max(0, end - limit), end);
      }),
    send: ({ message }: { message: string }, key: string) =>
      answer(() => {
        const entry = keys.get(key) ?? say('me', message);
        keys.set(key, entry);
        return entry;
      }),
    markRead: (_uuid: string, seq: number) =>
      answer(() => {
        server.readSeq = Math.max(server.readSeq, seq);
        return { read_seq: server.readSeq, unread_count: log.length - server.readSeq };
      }),
    changeSettings: (_uuid: string, settings: Partial<Settings>) =>
      answer(() => {
        const { settings_version, ...before } = server.settings;
        server.settings = { ...before, ...settings, settings_version: settings_version + 1 };
        return { muted: server.settings.muted, hidden: server.settings.hidden };
      }),
  } as unknown as Api;
  const told: string[] = [];
  const announced: string[] = [];
  const chat = createChat({
    api,
    me,
    storage: createMemoryStorage(),
    sendFrame: (action) => told.push(action),
    onMessage: ({ message }) => announced.push(message),
    schedule: (notify) => queueMicrotask(notify),
    secondReadMs: 20,
  });
  chats.push(chat);
  return { chat, log, server, say, row, told, announced };
}

const chats: Chat[] = [];
afterEach(() => {
  for (const chat of chats.splice(0)) chat.close();
});

const settle = (ms = 5) => new Promise((resolve) => setTimeout(resolve, ms));
const seqs = (chat: Chat) => chat.conversation(uuid)?.history.entries.map(({ seq }) => seq) ?? [];
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('the state', () => {
  test('opens at the newest page, and reads older ones', async () => {
    const { chat } = world(120);
    await chat.open(uuid);
    expect(seqs(chat)).toEqual(range(71, 120));
    await chat.loadOlder(uuid);
    expect(seqs(chat)).toEqual(range(1, 120));
  });

  test('opens where reading stopped, reads newer pages, and jumps to the newest', async () => {
    const { chat } = world(100_000, 40_000);
    await chat.open(uuid);
    expect(seqs(chat)).toEqual(range(39_986, 40_085));
    expect(chat.conversation(uuid)?.newAfter).toBe(40_000);
    await chat.loadNewer(uuid);
    expect(seqs(chat).at(-1)).toBe(40_185);
    await chat.jumpToNewest(uuid);
    expect(seqs(chat)).toEqual(range(99_951, 100_000));
  });

  test('a live entry after a gap makes it read the gap', async () => {
    const { chat, say } = world(10);
    await chat.open(uuid);
    say();
    chat.applyEvent({ event: 'message.created', data: say() });
    await settle();
    expect(seqs(chat)).toEqual(range(1, 12));
  });

  test('after a disconnect it has exactly the missed entries', async () => {
    const { chat, server, say } = world(10);
    await chat.open(uuid);
    chat.setLive('online');
    server.isUnreachable = true;
    chat.setLive('waiting');
    for (let count = 0; count < 230; count += 1) say();
    server.isUnreachable = false;
    chat.setLive('online');
    await settle(40);
    expect(seqs(chat)).toEqual(range(1, 240));
    expect(chat.inbox().get(uuid)).toMatchObject({ last_seq: 240, unread_count: 230 });
  });

  test('a gap of thousands of entries is not read: the window stays, and can jump to the newest', async () => {
    const { chat, server, say } = world(10);
    await chat.open(uuid);
    for (let count = 0; count < 5_000; count += 1) say();
    const before = server.requests;
    chat.applyEvent({ event: 'resync', data: {} });
    await settle(60);
    expect(server.requests - before).toBeLessThan(6);
    expect(seqs(chat)).toEqual(range(1, 10));
    await chat.jumpToNewest(uuid);
    expect(seqs(chat).at(-1)).toBe(5_010);
  });

  test('a sent message is shown at once, and replaced by its entry, whether the answer or the event arrives first', async () => {
    const { chat, log } = world(3);
    await chat.open(uuid);
    await chat.send(uuid, 'hello');
    await settle();
    expect(seqs(chat)).toEqual(range(1, 4));
    expect(chat.pending(uuid)).toEqual([]);
    for (const data of log.slice(-1)) chat.applyEvent({ event: 'message.created', data });
    expect(seqs(chat)).toEqual(range(1, 4));
  });

  test('seeing a message moves the read position once, and reading on another device clears the badge here', async () => {
    const { chat, server, row } = world(10, 5);
    await chat.readInbox();
    await chat.open(uuid);
    chat.markSeen(uuid, 8);
    chat.markSeen(uuid, 7);
    await settle();
    expect([server.readSeq, chat.inbox().get(uuid)?.unread_count]).toEqual([8, 2]);
    chat.applyEvent({
      event: 'message_group.read',
      data: { message_group_uuid: uuid, user_uuid: 'me', read_seq: row().last_seq },
    });
    expect(chat.inbox().get(uuid)?.unread_count).toBe(0);
  });

  test('a new member marks the conversation as read once, although nothing is unread', async () => {
    const { chat, server } = world(10);
    await chat.readInbox();
    await chat.open(uuid);
    const group = chat.conversation(uuid)?.group;
    if (!group) throw new Error('There is no group.');
    const asked = () => server.requests;
    const before = asked();
    chat.markSeen(uuid, 10);
    expect(asked()).toBe(before);
    chat.setGroup({ ...group, members: group.members.map((member) => ({ ...member, read_seq: null })) });
    for (const seq of [9, 10, 10]) chat.markSeen(uuid, seq);
    await settle();
    expect(asked()).toBe(before + 1);
  });

  test('a receipt moves a member forward, never back', async () => {
    const { chat } = world(10);
    await chat.open(uuid);
    for (const read_seq of [7, 4]) {
      chat.applyEvent({
        event: 'message_group.read',
        data: { message_group_uuid: uuid, user_uuid: 'ben', read_seq },
      });
    }
    expect(chat.conversation(uuid)?.group?.members[1]?.read_seq).toBe(7);
  });

  test('typing is shown until that person writes, and is sent at most every 3 s', async () => {
    const { chat, say, told } = world(3);
    await chat.open(uuid);
    chat.setLive('online');
    chat.applyEvent({ event: 'typing', data: { message_group_uuid: uuid, user_uuid: 'ben' } });
    expect(chat.typists(uuid)).toMatchObject([{ display_name: 'Ben' }]);
    chat.applyEvent({ event: 'message.created', data: say() });
    expect(chat.typists(uuid)).toEqual([]);
    chat.type(uuid);
    chat.type(uuid);
    expect(told).toEqual(['typing']);
  });

  test('messages in muted conversations are not announced, and announcements wait for an unknown row', async () => {
    const { chat, say, row, announced } = world(3);
    const hear = (message: string) =>
      chat.applyEvent({ event: 'message.created', data: say('ben', message) });
    hear('before the inbox is read');
    expect(announced).toEqual([]);
    await chat.readInbox();
    hear('heard');
    await chat.changeSettings(uuid, { muted: true });
    hear('not heard');
    expect(announced).toEqual(['before the inbox is read', 'heard']);
    chat.applyEvent({ event: 'message_group.updated', data: row() });
    expect(chat.settings(uuid)).toEqual({ muted: true, hidden: false });
    await chat.changeSettings(uuid, { muted: false });
    hear('heard again');
    expect(announced).toEqual(['before the inbox is read', 'heard', 'heard again']);
  });

  test('a conversation hidden or left on another device disappears with the next read', async () => {
    const { chat, server } = world(3);
    await chat.readInbox();
    server.settings = { muted: false, hidden: true, settings_version: 1 };
    await chat.readInbox();
    await settle();
    expect(chat.inbox().get(uuid)?.hidden).toBe(true);
    server.settings.hidden = false;
    await chat.readInbox();
    expect(chat.inbox().get(uuid)?.hidden).toBe(false);
    server.hasLeft = true;
    await chat.readInbox();
    await settle();
    expect(chat.inbox().size).toBe(0);
  });

  test('a removed person loses the conversation at once', async () => {
    const { chat } = world(3);
    await chat.readInbox();
    await chat.open(uuid);
    chat.applyEvent({
      event: 'membership',
      data: { message_group_uuid: uuid, user_uuid: 'me', change: 'removed' },
    });
    expect(chat.conversation(uuid)?.status).toBe('missing');
    expect(chat.inbox().size).toBe(0);
  });

  test("an erased person's name and texts disappear, and the inbox is read again until no node caches them", async () => {
    const { chat, server } = world(3);
    await chat.open(uuid);
    const before = server.requests;
    chat.applyEvent({ event: 'erased', data: { message_group_uuid: uuid, user_uuid: 'ben' } });
    const { history, group } = chat.conversation(uuid) ?? {};
    expect(history?.entries.map(({ message }) => message)).toEqual(['', '', '']);
    expect(group?.members.map(({ display_name }) => display_name)).toEqual(['Me', 'Deleted user']);
    await settle(400);
    expect(server.requests - before).toBeGreaterThanOrEqual(2);
  });
});
