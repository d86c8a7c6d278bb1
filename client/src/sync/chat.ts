import { newKey } from '../api/key.ts';
import type { Group, Person, Settings } from '../api/types.ts';
import type { LiveState } from '../live/connection.ts';
import { dispatch, type LiveEvent } from '../live/events.ts';
import { createEventHandlers, resynchronize } from './event-handlers.ts';
import type { Pending } from './outbox.ts';
import { type ChatOptions, createParts, type Parts } from './parts.ts';

/**
 * The state of one signed-in person: inbox, open conversations and unsent messages. Every change goes through here, and
 * `signal` announces it. Requests alone make the state correct. Events make it current without delay.
 */
export function createChat(options: ChatOptions) {
  const parts = createParts(options);
  const { signal, me, drafts } = parts;
  return { me, signal, drafts, ...live(parts, options), ...reading(parts), ...writing(parts) };
}

export type Chat = ReturnType<typeof createChat>;

/** The state of the connection, and the events that arrive on it. */
function live(parts: Parts, { sendFrame }: ChatOptions) {
  const { signal, outbox, presence, resumes, typing, people } = parts;
  const handlers = createEventHandlers(parts);
  let state: LiveState = 'connecting';

  return {
    live: () => ({ state }),
    setLive(next: LiveState) {
      if (next !== 'online' && state === 'online') presence.clear();
      state = next;
      signal.change();
      if (state !== 'online') return;
      outbox.retryUnreached();
      resynchronize(parts);
    },
    applyEvent: (event: LiveEvent) => dispatch(handlers, event),
    isOnline: presence.isOnline,
    typists: (uuid: string): Person[] =>
      typing
        .people(uuid)
        .map(
          (person) =>
            people.get(person) ?? { uuid: person, handle: '', display_name: 'Somebody', tone: null },
        ),
    /** Call on each key press. */
    type(uuid: string) {
      if (state === 'online' && typing.shouldSend(uuid)) sendFrame('typing', { message_group_uuid: uuid });
    },
    close() {
      resumes.close();
      parts.rereads.close();
      typing.close();
      outbox.close();
      parts.windows.close();
    },
  };
}

/** The inbox and the conversations. */
function reading({ inbox, conversations, windows, receipts, people, open }: Parts) {
  return {
    inbox: inbox.rows,
    inboxStatus: inbox.status,
    hasMoreInbox: inbox.hasMore,
    moreInbox: inbox.readMore,
    readInbox: inbox.read,
    hasHidden: inbox.hasHidden,
    readHidden: inbox.readHidden,
    conversation: conversations.get,
    person: people.get,
    /** Shows a conversation at the first unread entry, or at its newest page. */
    open,
    loadOlder: windows.loadOlder,
    loadNewer: windows.loadNewer,
    jumpToNewest: windows.jumpToNewest,
    markSeen: receipts.markSeen,
    settings(uuid: string): Settings {
      const { muted = false, hidden = false } = inbox.row(uuid) ?? conversations.get(uuid)?.group ?? {};
      return { muted, hidden };
    },
    /** Removes the "new messages" line above the entries that arrived while the page was hidden. */
    clearNewLine: (uuid: string) => conversations.update(uuid, { newAfter: undefined }),
    markNewFrom(uuid: string, seq: number) {
      const known = conversations.get(uuid);
      if (known && known.newAfter === undefined) conversations.update(uuid, { newAfter: seq });
    },
  };
}

/** Sending, settings, and the results of requests that changed a group. */
function writing(parts: Parts) {
  const { inbox, conversations, windows, outbox, typing, begun, people, membership, erasures } = parts;
  return {
    pending: (to: string): Pending[] => outbox.of(to),
    /** `to` is the uuid of a conversation, or `@handle`. */
    async send(to: string, message: string) {
      typing.endOwn(to);
      const known_seq = conversations.get(to)?.history.newest || (inbox.row(to)?.last_seq ?? 0);
      outbox.add({ key: newKey(), to, message, known_seq });
      await windows.jumpToNewest(to).catch(() => {});
    },
    /** Calls the listener when the first message to `@handle` has begun the conversation. */
    onBegun(to: string, listener: (uuid: string) => void) {
      begun.set(to, listener);
      return () => {
        begun.delete(to);
      };
    },
    retry: outbox.retry,
    discard: outbox.discard,
    setGroup(answer: Group) {
      const group = erasures.cleanGroup(answer);
      people.remember(group.members);
      conversations.update(group.uuid, { group });
    },
    /** Mutes, or hides until the next message. Rejects if the server refuses. */
    async changeSettings(uuid: string, settings: Partial<Settings>) {
      const now = await inbox.changeSettings(uuid, settings);
      const group = conversations.get(uuid)?.group;
      if (group) conversations.update(uuid, { group: { ...group, ...now } });
    },
    leave: membership.leave,
  };
}
