import type { Api } from '../api/requests.ts';
import type { Entry, InboxRow, Profile } from '../api/types.ts';
import type { KeyValueStorage } from '../storage.ts';
import { createAnnouncements } from './announcements.ts';
import { createCatchUp } from './catch-up.ts';
import { createConversations } from './conversations.ts';
import { createDelayedRuns } from './delayed-runs.ts';
import { createDrafts } from './drafts.ts';
import { createEntries } from './entries.ts';
import { createErasures } from './erasures.ts';
import { createInboxSync } from './inbox-sync.ts';
import { createMembership } from './membership.ts';
import { createOpening } from './opening.ts';
import { createOutbox } from './outbox.ts';
import { createPeople, type People } from './people.ts';
import { createPresence } from './presence.ts';
import { createReceipts } from './receipts.ts';
import { createSignal } from './signal.ts';
import { createTyping } from './typing.ts';
import { createWindows } from './windows.ts';

export type ChatOptions = {
  api: Api;
  me: Profile;
  storage: KeyValueStorage;
  /** Sends a frame whose answer nobody awaits. */
  sendFrame(action: string, payload: object): void;
  /** A message of somebody else arrived in a conversation that is not muted. */
  onMessage?(entry: Entry, row: InboxRow): void;
  /** Groups changes: listeners run once for all changes before `notify`. */
  schedule?(notify: () => void): void;
  /** The index of the inbox lags, so the inbox is read a second time after this long. */
  secondReadMs?: number;
};

export const soonMs = 300;

/** The loaded conversations and the parts that read them. */
function createReading(api: Api, people: People, onChange: () => void) {
  const conversations = createConversations(onChange);
  const erasures = createErasures({ conversations });
  const clean = {
    entries: async (...range: Parameters<Api['entries']>) =>
      (await api.entries(...range)).map(erasures.clean),
    group: async (uuid: string) => erasures.cleanGroup(await api.group(uuid)),
  };
  const windows = createWindows({ api: clean, conversations });
  const onDone = (uuid: string) => windows.trimLater(uuid, 'start');
  const catchUp = createCatchUp({ api: clean, conversations, onDone });
  const opening = createOpening({ api: clean, conversations, people, catchUp });
  return { conversations, erasures, windows, catchUp, opening };
}

/** The parts of the state and how they use each other. Each part keeps its own state. */
export function createParts(options: ChatOptions) {
  const { api, me, storage, secondReadMs = 5_000 } = options;
  const signal = createSignal(options.schedule ?? ((notify) => setTimeout(notify, 16)));
  const onChange = signal.change;
  const people = createPeople();
  const presence = createPresence(onChange);
  const typing = createTyping(onChange);
  const { conversations, erasures, windows, catchUp, opening } = createReading(api, people, onChange);
  const inbox = createInboxSync({
    api,
    onRow(row) {
      announcements.announceWaiting(row.uuid);
      entries.noteNewest(row.uuid, row.last_seq);
    },
    onChange,
  });
  const open = (uuid: string) => opening.open(uuid, inbox.row(uuid));
  const announcements = createAnnouncements({ row: inbox.row, onMessage: options.onMessage ?? (() => {}) });
  const outbox = createOutbox({
    send: api.send,
    storage,
    userUuid: me.uuid,
    onChange,
    onSent(pending, entry) {
      entries.apply(entry);
      if (!pending.to.startsWith('@')) return;
      drafts.move(pending.to, entry.message_group_uuid);
      begun.get(pending.to)?.(entry.message_group_uuid);
    },
  });
  const entries = createEntries({
    ...{ meUuid: me.uuid, clean: erasures.clean, people, typing, outbox, conversations, windows, catchUp },
    onGroupChanged: (uuid) => void opening.refreshGroup(uuid),
    onRead: (uuid, userUuid, seq) => receipts.moveMember(uuid, userUuid, seq),
  });
  /** Reads what events may have missed. */
  async function resume() {
    await inbox.read();
    await Promise.all(conversations.all().map(({ uuid }) => catchUp(uuid)));
  }
  const resumes = createDelayedRuns(resume);
  const rereads = createDelayedRuns(async () => {
    await Promise.all(erasures.takeChanged().map(windows.reread));
  });
  const receipts = createReceipts({
    ...{ api, meUuid: me.uuid, conversations, inbox },
    onUnknownCount: () => resumes.runIn(soonMs),
    onMoved: opening.noteChange,
  });
  const membership = createMembership({
    ...{ meUuid: me.uuid, conversations, inbox },
    open: (uuid) => void open(uuid),
    refreshGroup: (uuid) => void opening.refreshGroup(uuid),
  });
  /** Listeners for the uuid of a conversation that a first message begins, by `@handle`. */
  const begun = new Map<string, (uuid: string) => void>();
  const drafts = createDrafts(storage, me.uuid);
  return {
    ...{ me, signal, people, presence, typing, conversations, windows, opening, inbox, open, announcements },
    ...{ outbox, drafts, entries, resumes, rereads, receipts, membership, begun, erasures, secondReadMs },
  };
}

export type Parts = ReturnType<typeof createParts>;
