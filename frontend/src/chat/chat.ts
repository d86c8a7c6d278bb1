import { flagsOf } from '@parley/contract/entry-kinds';
import type { Api } from '../api/client.ts';
import { ApiError, explain } from '../api/errors.ts';
import { newKey } from '../api/key.ts';
import type { Entry, Group, InboxRow, Person, Profile, Settings } from '../api/types.ts';
import { CognitoError } from '../auth/cognito-errors.ts';
import type { LiveState } from '../live/connection.ts';
import type { LiveEvent } from '../live/events.ts';
import type { KeptStorage } from '../storage.ts';
import { createDrafts } from './drafts.ts';
import {
  append,
  emptyHistory,
  erasedName,
  firstSeq,
  type History,
  hear,
  isAtEnd,
  isAtStart,
  lastSeq,
  maxWindow,
  openWindow,
  prepend,
  take,
  trim,
  withoutAuthor,
} from './history.ts';
import { dropRow, type Inbox, sorted, takeRead, takeRow, takeSettings } from './inbox.ts';
import { createOutbox, type Pending } from './outbox.ts';
import { createSignal } from './signal.ts';
import { createTyping } from './typing.ts';

/** One conversation as far as it is known here. */
export type Conversation = {
  uuid: string;
  history: History;
  group: Group | undefined;
  /** The read position when it was opened, for the "new messages" line. */
  newAfter: number | undefined;
  status: 'loading' | 'ready' | 'missing' | 'failed';
  reason?: string;
  isLoadingOlder: boolean;
  isLoadingNewer: boolean;
};

type Options = {
  api: Api;
  me: Profile;
  storage: KeptStorage;
  /** Sends a frame; the caller does not wait for its answer. */
  tell(action: string, payload: object): void;
  /** A message of somebody else, in a conversation that is not muted. */
  onMessage?(entry: Entry, row: InboxRow): void;
  schedule?(notify: () => void): void;
  /** The index of the inbox lags: it is read once more after this long. */
  secondLookMs?: number;
};

const pageSize = 50;
const catchUpPage = 100;
/** A gap greater than this is not filled at once: the window stays where it is, and the rest is read by scrolling. */
const maxCatchUp = 500;
const maxConversations = 8;
const maxMissing = 10;
/** In groups of more, nobody is told who has read. */
const maxReceiptMembers = 50;
const trimAfterMs = 120;

/**
 * Everything the page shows. Every change goes through here, and `signal` tells of it. The live connection only hurries
 * things: what it brings is taken by `seq`, and what it may have missed is read at each `resume`.
 */
export function createChat(options: Options) {
  const { api, me, storage } = options;
  const signal = createSignal(options.schedule ?? ((notify) => setTimeout(notify, 16)));
  const changed = () => signal.change();
  const conversations = new Map<string, Conversation>();
  const catchUps = new Map<string, Promise<void>>();
  const trims = new Map<string, ReturnType<typeof setTimeout>>();
  const reads = new Map<string, number>();
  const online = new Set<string>();
  const people = new Map<string, Person>();
  const typing = createTyping(changed);
  const drafts = createDrafts(storage, me.uuid);
  let inbox: Inbox = new Map();
  let nextInboxPage: string | undefined;
  let inboxStatus: 'loading' | 'ready' | 'failed' = 'loading';
  let live: { state: LiveState } = { state: 'connecting' };
  /** Messages of conversations whose row is not known yet: it says whether they are muted. */
  const unannounced = new Map<string, Entry>();
  const looks = new Map<number, ReturnType<typeof setTimeout>>();
  let isClosed = false;

  const outbox = createOutbox({
    send: api.send,
    storage,
    userUuid: me.uuid,
    onChange: changed,
    onSent(pending, entry) {
      takeEntry(entry);
      if (!pending.to.startsWith('@')) return;
      drafts.move(pending.to, entry.message_group_uuid);
      begun.get(pending.to)?.(entry.message_group_uuid);
    },
  });
  /** Who waits for the uuid of a conversation that a first message begins. */
  const begun = new Map<string, (uuid: string) => void>();

  // --- conversations

  function change(uuid: string, part: Partial<Conversation>) {
    const known = conversations.get(uuid);
    if (!known) return;
    conversations.set(uuid, { ...known, ...part });
    changed();
  }

  function changeHistory(uuid: string, step: (history: History) => History) {
    const known = conversations.get(uuid);
    if (known) change(uuid, { history: step(known.history) });
  }

  /** Shows a conversation: where reading stopped, or its newest page. */
  async function open(uuid: string) {
    const known = conversations.get(uuid);
    if (known?.status === 'ready') {
      conversations.delete(uuid);
      conversations.set(uuid, known);
      change(uuid, { newAfter: unreadFrom(inbox.get(uuid)) });
      void refreshGroup(uuid);
      await catchUp(uuid);
      return;
    }
    conversations.set(uuid, {
      uuid,
      history: emptyHistory,
      group: undefined,
      newAfter: undefined,
      status: 'loading',
      isLoadingOlder: false,
      isLoadingNewer: false,
    });
    forgetOldest();
    changed();
    try {
      const group = await api.group(uuid);
      remember(group.members);
      const newAfter = unreadFrom(group);
      const after = newAfter !== undefined && group.unread_count > pageSize / 2 ? newAfter : undefined;
      // Some read lines above the first new one say what it is about.
      const range =
        after === undefined ? { limit: pageSize } : { after: Math.max(0, after - 15), limit: catchUpPage };
      const page = await api.entries(uuid, range);
      changeHistory(uuid, (history) => openWindow(hear(history, group.last_seq), page));
      change(uuid, { group, newAfter, status: 'ready' });
      await catchUp(uuid);
    } catch (error) {
      const isMissing = error instanceof ApiError && [400, 404].includes(error.status);
      change(uuid, { status: isMissing ? 'missing' : 'failed', reason: explain(error) });
    }
  }

  /** The one in view was opened last. */
  function forgetOldest() {
    const [oldest] = conversations.keys();
    if (oldest && conversations.size > maxConversations) conversations.delete(oldest);
  }

  const unreadFrom = (row: { unread_count: number; read_seq: number } | undefined) =>
    row && row.unread_count > 0 ? row.read_seq : undefined;

  async function refreshGroup(uuid: string) {
    const group = await api.group(uuid).catch(() => undefined);
    if (!group) return;
    remember(group.members);
    change(uuid, { group });
  }

  async function loadOlder(uuid: string) {
    const known = conversations.get(uuid);
    if (known?.status !== 'ready' || known.isLoadingOlder || isAtStart(known.history)) return;
    change(uuid, { isLoadingOlder: true });
    const page = await api
      .entries(uuid, { before: firstSeq(known.history), limit: catchUpPage })
      .catch(() => []);
    changeHistory(uuid, (history) => prepend(history, page));
    change(uuid, { isLoadingOlder: false });
    trimLater(uuid, 'end');
  }

  async function loadNewer(uuid: string) {
    const known = conversations.get(uuid);
    if (known?.status !== 'ready' || known.isLoadingNewer || isAtEnd(known.history)) return;
    change(uuid, { isLoadingNewer: true });
    const page = await api
      .entries(uuid, { after: lastSeq(known.history), limit: catchUpPage })
      .catch(() => []);
    changeHistory(uuid, (history) => append(history, page));
    change(uuid, { isLoadingNewer: false });
    trimLater(uuid, 'start');
  }

  /** Once the growth is on the screen. Live entries may exceed the bound by a page before they cut. */
  function trimLater(uuid: string, edge: 'start' | 'end') {
    if (trims.has(uuid)) return;
    const cut = () => {
      trims.delete(uuid);
      changeHistory(uuid, (history) => trim(history, edge));
    };
    trims.set(uuid, setTimeout(cut, trimAfterMs));
  }

  async function jumpToNewest(uuid: string) {
    const known = conversations.get(uuid);
    if (known?.status !== 'ready' || isAtEnd(known.history)) return;
    const page = await api.entries(uuid, { limit: pageSize });
    changeHistory(uuid, (history) => openWindow(history, page));
  }

  /** Reads what follows the window, if it is near the end: one reader for each conversation. */
  function catchUp(uuid: string): Promise<void> {
    const running = catchUps.get(uuid);
    if (running) return running;
    const run = readOn(uuid)
      .catch(() => {})
      .finally(() => {
        catchUps.delete(uuid);
        trimLater(uuid, 'start');
      });
    catchUps.set(uuid, run);
    return run;
  }

  async function readOn(uuid: string) {
    for (;;) {
      const known = conversations.get(uuid);
      if (known?.status !== 'ready') return;
      const after = lastSeq(known.history);
      if (known.history.newest - after > maxCatchUp) return;
      const page = await api.entries(uuid, { after, limit: catchUpPage });
      changeHistory(uuid, (history) => append(history, page));
      const now = conversations.get(uuid);
      if (!now || lastSeq(now.history) === after) return;
      if (page.length < catchUpPage && isAtEnd(now.history)) return;
    }
  }

  function takeEntry(entry: Entry) {
    const uuid = entry.message_group_uuid;
    remember([{ uuid: entry.user_uuid, handle: entry.handle, display_name: entry.display_name }]);
    typing.stop(uuid, entry.user_uuid);
    // It may be one of ours whose answer was lost: its key tells.
    if (entry.user_uuid === me.uuid) outbox.retryUnreached(uuid);
    const known = conversations.get(uuid);
    if (known?.status !== 'ready') return;
    const wasAtEnd = isAtEnd(known.history);
    changeHistory(uuid, (history) => take(history, entry));
    const now = conversations.get(uuid);
    if (wasAtEnd && now && !isAtEnd(now.history)) void catchUp(uuid);
    if (now && now.history.entries.length > maxWindow + catchUpPage) trimLater(uuid, 'start');
    if (flagsOf(entry).changesGroup) void refreshGroup(uuid);
  }

  function remember(found: Person[]) {
    for (const { uuid, handle, display_name } of found) people.set(uuid, { uuid, handle, display_name });
  }

  // --- inbox

  async function readInbox() {
    try {
      const { rows, next } = await api.inbox();
      const isFirst = inboxStatus !== 'ready';
      let isExact = true;
      for (const row of rows) isExact = takeInboxRow(row) && isExact;
      if (isFirst) nextInboxPage = next;
      inboxStatus = 'ready';
      lookForMissing(rows, next ? rows.at(-1)?.created_at : '');
    } catch (error) {
      if (inboxStatus !== 'ready') inboxStatus = 'failed';
      // Without a session nothing can be read: whoever ended it says so.
      if (!(error instanceof ApiError || error instanceof CognitoError)) throw error;
    } finally {
      changed();
    }
  }

  /** Rows that are known and belong on this page, and are not there: put away or left, elsewhere and meanwhile. */
  function lookForMissing(rows: InboxRow[], from = '') {
    const listed = new Set(rows.map((row) => row.uuid));
    const missing = sorted(inbox).filter((row) => row.created_at > from && !listed.has(row.uuid));
    for (const { uuid } of missing.slice(0, maxMissing)) void refreshSettings(uuid).catch(() => {});
  }

  async function refreshSettings(uuid: string) {
    const version = inbox.get(uuid)?.settings_version;
    try {
      const { muted, hidden } = await api.positions(uuid);
      if (inbox.get(uuid)?.settings_version === version) inbox = takeSettings(inbox, uuid, { muted, hidden });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      inbox = dropRow(inbox, uuid);
    }
    changed();
  }

  function takeInboxRow(row: InboxRow) {
    const taken = takeRow(inbox, row);
    inbox = taken.inbox;
    const entry = unannounced.get(row.uuid);
    if (entry) announce(entry);
    changed();
    const known = conversations.get(row.uuid);
    if (known && row.last_seq > known.history.newest) {
      const wasAtEnd = isAtEnd(known.history);
      changeHistory(row.uuid, (history) => hear(history, row.last_seq));
      if (wasAtEnd) void catchUp(row.uuid);
    }
    return taken.isExact;
  }

  async function moreInbox() {
    if (!nextInboxPage) return;
    const path = nextInboxPage;
    nextInboxPage = undefined;
    try {
      const { rows, next } = await api.inbox(path);
      for (const row of rows) takeInboxRow(row);
      nextInboxPage = next;
    } catch {
      nextInboxPage = path;
    }
    changed();
  }

  /** Reads again in a while, once for many reasons. */
  function lookAgain(inMs: number) {
    clearTimeout(looks.get(inMs));
    looks.set(
      inMs,
      setTimeout(() => void resumeConversations(), inMs),
    );
  }

  async function resumeConversations() {
    if (isClosed) return;
    await readInbox();
    await Promise.all([...conversations.keys()].map(catchUp));
  }

  // --- reading

  /** The person has seen everything up to `seq`. */
  function see(uuid: string, seq: number) {
    const position = Math.max(inbox.get(uuid)?.read_seq ?? 0, reads.get(uuid) ?? 0);
    const isNews = seq > position || (seq === position && isUnopened(uuid) && !reads.has(uuid));
    if (!isNews) return;
    reads.set(uuid, seq);
    api
      .markRead(uuid, seq)
      .then((read) => {
        inbox = takeRead(inbox, uuid, read);
        changed();
      })
      .catch(() => {
        if (reads.get(uuid) === seq) reads.delete(uuid);
      });
  }

  /** Who was added has nothing unread and has seen nothing: opening it is news to the others. Large groups tell nobody. */
  function isUnopened(uuid: string) {
    const members = conversations.get(uuid)?.group?.members ?? [];
    const own = members.find((member) => member.uuid === me.uuid);
    return own?.read_seq === null && members.length <= maxReceiptMembers;
  }

  function takeReceipt({ message_group_uuid, user_uuid, read_seq }: Receipt) {
    const row = inbox.get(message_group_uuid);
    if (user_uuid === me.uuid && row && read_seq > row.read_seq) {
      if (read_seq >= row.last_seq) inbox = takeRead(inbox, row.uuid, { read_seq, unread_count: 0 });
      else lookAgain(300);
      changed();
    }
    const known = conversations.get(message_group_uuid);
    if (!known?.group) return;
    const members = known.group.members.map((member) =>
      member.uuid === user_uuid && (member.read_seq ?? 0) < read_seq ? { ...member, read_seq } : member,
    );
    change(message_group_uuid, { group: { ...known.group, members } });
  }

  // --- live

  function hearEvent(event: LiveEvent) {
    switch (event.event) {
      case 'message.created':
        takeEntry(event.data);
        if (event.data.user_uuid !== me.uuid && flagsOf(event.data).countsAsMessage) announce(event.data);
        return;
      case 'message_group.updated':
        if (!takeInboxRow(event.data)) lookAgain(300);
        return;
      case 'message_group.read':
        return takeReceipt(event.data);
      case 'typing':
        if (event.data.user_uuid !== me.uuid)
          typing.hear(event.data.message_group_uuid, event.data.user_uuid);
        return;
      case 'presence':
        if (event.data.online) online.add(event.data.user_uuid);
        else online.delete(event.data.user_uuid);
        return changed();
      case 'membership':
        return takeMembership(event.data);
      case 'erased':
        return takeErasure(event.data);
      case 'resync':
        void resumeConversations();
        return lookAgain(options.secondLookMs ?? 8_000);
    }
  }

  function takeErasure({ message_group_uuid: uuid, user_uuid }: Erasure) {
    changeHistory(uuid, (history) => withoutAuthor(history, user_uuid));
    const group = conversations.get(uuid)?.group;
    const members = group?.members.map((member) =>
      member.uuid === user_uuid ? { ...member, ...erasedName(user_uuid) } : member,
    );
    if (group && members) change(uuid, { group: { ...group, members } });
    lookAgain(300);
    // By then every node knows that the name is gone.
    lookAgain(options.secondLookMs ?? 8_000);
  }

  function announce(entry: Entry) {
    const row = inbox.get(entry.message_group_uuid);
    if (!row) return void unannounced.set(entry.message_group_uuid, entry);
    unannounced.delete(row.uuid);
    if (!row.muted) options.onMessage?.(entry, row);
  }

  function takeMembership({ message_group_uuid: uuid, user_uuid, change: what }: MembershipChange) {
    if (user_uuid === me.uuid && what === 'added' && conversations.get(uuid)?.status === 'missing') {
      return void open(uuid);
    }
    if (user_uuid !== me.uuid || what !== 'removed') return void refreshGroup(uuid);
    inbox = dropRow(inbox, uuid);
    change(uuid, { status: 'missing', reason: 'You are no longer a member of this group.' });
    changed();
  }

  function setLive(state: LiveState) {
    const wasOnline = live.state === 'online';
    live = { state };
    if (state !== 'online' && wasOnline) online.clear();
    changed();
    if (state !== 'online') return;
    outbox.retryUnreached();
    void resumeConversations();
    for (const [uuid, { status }] of conversations) {
      if (status === 'ready') void refreshGroup(uuid);
      if (status === 'failed') void open(uuid);
    }
    lookAgain(options.secondLookMs ?? 8_000);
  }

  return {
    me,
    signal,
    drafts,
    inbox: () => inbox,
    inboxStatus: () => inboxStatus,
    hasMoreInbox: () => nextInboxPage !== undefined,
    moreInbox,
    readInbox,
    conversation: (uuid: string) => conversations.get(uuid),
    pending: (to: string): Pending[] => outbox.of(to),
    person: (uuid: string) => people.get(uuid),
    isOnline: (uuid: string) => online.has(uuid),
    typists: (uuid: string): Person[] =>
      typing
        .people(uuid)
        .map((person) => people.get(person) ?? { uuid: person, handle: '', display_name: 'Somebody' }),
    live: () => live,
    setLive,
    hearEvent,
    open,
    loadOlder,
    loadNewer,
    jumpToNewest,
    see,
    async send(to: string, message: string) {
      typing.told(to);
      const known_seq = conversations.get(to)?.history.newest || (inbox.get(to)?.last_seq ?? 0);
      outbox.add({ key: newKey(), to, message, known_seq });
      await jumpToNewest(to).catch(() => {});
    },
    /** Resolves when the first message to `@handle` has begun the conversation. */
    onBegun(to: string, listener: (uuid: string) => void) {
      begun.set(to, listener);
      return () => {
        begun.delete(to);
      };
    },
    retry: outbox.retry,
    discard: outbox.discard,
    type(uuid: string) {
      if (live.state === 'online' && typing.shouldTell(uuid))
        options.tell('typing', { message_group_uuid: uuid });
    },
    setGroup(group: Group) {
      remember(group.members);
      change(group.uuid, { group });
    },
    /** Mutes, or puts away until the next message. Rejects where the server refuses. */
    async changeSettings(uuid: string, settings: Partial<Settings>) {
      const before = inbox.get(uuid);
      const now = await api.changeSettings(uuid, settings);
      // A row that came meanwhile knows better.
      if (inbox.get(uuid)?.settings_version === before?.settings_version)
        inbox = takeSettings(inbox, uuid, now);
      const group = conversations.get(uuid)?.group;
      if (group) change(uuid, { group: { ...group, ...now } });
      changed();
    },
    settings(uuid: string): Settings {
      const { muted = false, hidden = false } = inbox.get(uuid) ?? conversations.get(uuid)?.group ?? {};
      return { muted, hidden };
    },
    hasHidden: () => sorted(inbox, true).length > 0,
    async readHidden() {
      for (const row of (await api.hidden()).rows) takeInboxRow(row);
    },
    /** After leaving: the row goes at once. */
    leave(uuid: string) {
      inbox = dropRow(inbox, uuid);
      conversations.delete(uuid);
      changed();
    },
    /** The "new messages" line is for what came while nobody looked. */
    clearNewLine(uuid: string) {
      change(uuid, { newAfter: undefined });
    },
    markNewFrom(uuid: string, seq: number) {
      const known = conversations.get(uuid);
      if (known && known.newAfter === undefined) change(uuid, { newAfter: seq });
    },
    close() {
      isClosed = true;
      typing.close();
      outbox.close();
      for (const timer of trims.values()) clearTimeout(timer);
      for (const timer of looks.values()) clearTimeout(timer);
    },
  };
}

export type Chat = ReturnType<typeof createChat>;

type Erasure = { message_group_uuid: string; user_uuid: string };
type Receipt = { message_group_uuid: string; user_uuid: string; read_seq: number };
type MembershipChange = { message_group_uuid: string; user_uuid: string; change: string };
