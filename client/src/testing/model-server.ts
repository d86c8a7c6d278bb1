import type { Api, Send } from '../api/requests.ts';
import type { Settings } from '../api/types.ts';
import type { LiveEvent } from '../live/events.ts';
import { createModelChanges, type ModelChanges } from './model-changes.ts';
import { find, groupOf, isMine, type ModelState, me, positionsOf, rowOf, shown } from './model-state.ts';

export { me };

/** A server of the contract in memory, as one person sees it. */
export function createModelServer(emit: (event: LiveEvent) => void) {
  const state: ModelState = { conversations: new Map(), erased: new Set(), sent: new Map(), ticks: 0 };
  const changes = createModelChanges(state, emit);
  return { conversations: state.conversations, changes, answers: createAnswers(state, changes) };
}

/** What a request returns at this moment. */
function createAnswers(state: ModelState, changes: ModelChanges) {
  const rows = (isHidden: boolean) =>
    [...state.conversations.values()]
      .filter((conversation) => isMine(conversation) && conversation.settings.hidden === isHidden)
      .map((conversation) => rowOf(state, conversation));
  const group = (uuid: string) => groupOf(state, find(state, uuid));

  return {
    inbox: () => ({ rows: rows(false), next: undefined }),
    hidden: () => ({ rows: rows(true), next: undefined }),
    group,
    positions: group,
    entries(uuid: string, { before, after, limit }: Parameters<Api['entries']>[1]) {
      const log = find(state, uuid).log.map((entry) => shown(state, entry));
      if (after !== undefined) return log.slice(after, after + limit);
      const end = before === undefined ? log.length : before - 1;
      return log.slice(Math.max(0, end - limit), end);
    },
    send({ message_group_uuid = '', message }: Send, key: string) {
      const entry =
        state.sent.get(key) ?? changes.append(find(state, message_group_uuid), 'message', me, message);
      state.sent.set(key, entry);
      return shown(state, entry);
    },
    markRead(uuid: string, seq: number) {
      const conversation = find(state, uuid);
      changes.read(conversation, me, seq);
      const { read_seq, unread_count } = positionsOf(conversation);
      return { read_seq, unread_count };
    },
    changeSettings(uuid: string, change: Partial<Settings>) {
      changes.settings(find(state, uuid), change);
      const { muted, hidden } = find(state, uuid).settings;
      return { muted, hidden };
    },
  };
}
