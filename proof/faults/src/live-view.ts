import { setTimeout as sleep } from 'node:timers/promises';
import type { LiveEvent, MembershipChange } from '@parley/client/live/events';
import { openSocket } from '@parley/client/live/open-socket';
import { flagsOf } from '@parley/contract/entry-kinds';
import { WebSocket } from 'ws';
import type { CallOf, Entry, Row } from './history.ts';
import { createAsker, type PersonOptions } from './person.ts';
import { entryOf, rowOf, tokenOf } from './requests.ts';

/*
 * A live client exactly as docs/realtime.md describes it ("The client"): it reads its inbox after `authenticate` and 8 s
 * later, fetches what it lacks with `after_seq`, and then trusts events, whose seq or last_seq shows what is missing.
 * Requests and sockets are those of the client. Its chat is not: that shows a state, and the checker needs each event
 * and each answer.
 */

const inboxAgainMs = 8_000;
const reconnectMs = 1_000;

export type LiveView = ReturnType<typeof createLiveView>;

export function createLiveView(options: PersonOptions) {
  const { identity, nodes, random, recorder } = options;
  const asker = createAsker(options);
  /** The newest entry of each conversation up to which none is missing. */
  const complete = new Map<string, number>();
  const held = new Map<string, Set<number>>();
  const fetching = new Map<string, { isWanted: boolean }>();
  const groups = new Set<string>();
  const stopping = new AbortController();
  let sockets = 0;

  function know({ message_group_uuid: group, seq, user_uuid, type }: Entry) {
    const ahead = held.get(group) ?? new Set();
    held.set(group, ahead);
    ahead.add(seq);
    let next = complete.get(group) ?? 0;
    while (ahead.delete(next + 1)) next += 1;
    complete.set(group, next);
    if (flagsOf({ type }).countsAsMessage && user_uuid === identity.uuid) groups.add(group);
  }

  /** Reads what is newer than what is complete; one reading of a conversation at a time. */
  async function fetch(group: string) {
    const running = fetching.get(group);
    if (running) {
      running.isWanted = true;
      return;
    }
    const state = { isWanted: true };
    fetching.set(group, state);
    while (state.isWanted && !stopping.signal.aborted) {
      state.isWanted = false;
      const answer = await asker.ask({ kind: 'history', group, after: complete.get(group) ?? 0 });
      if (answer.outcome === 'refused') groups.delete(group);
      if (answer.outcome !== 'ok') break;
      const entries = answer.result.entries ?? [];
      for (const entry of entries) know(entry);
      if (entries.length === 100) state.isWanted = true;
    }
    fetching.delete(group);
  }

  /** Hidden conversations too: their changes of members show them to nobody. */
  async function readInbox() {
    await Promise.all([readRows({ kind: 'inbox' }), readRows({ kind: 'inbox', hidden: true })]);
  }

  async function readRows(call: CallOf<'inbox'>) {
    const answer = await asker.ask(call);
    if (answer.outcome !== 'ok') return;
    for (const row of answer.result.rows ?? []) fetchWhatIsMissing(row);
  }

  /** A node pushes an entry once: a socket that came after the push, and before the summary, learns of it by the row. */
  function fetchWhatIsMissing({ uuid, last_seq }: Row) {
    groups.add(uuid);
    if (last_seq > (complete.get(uuid) ?? 0)) void fetch(uuid);
  }

  function hear(socket: number, { event, data }: LiveEvent) {
    const at = { atMs: recorder.nowMs(), person: identity.uuid, socket };
    if (event === 'message.created') {
      const entry = entryOf(data);
      recorder.put({ type: 'heard', ...at, entry });
      const { message_group_uuid: group, seq } = entry;
      groups.add(group);
      if (seq <= (complete.get(group) ?? 0)) return;
      know(entry);
      if (seq > (complete.get(group) ?? 0)) void fetch(group);
    } else if (event === 'message_group.updated') {
      const row = rowOf(data);
      recorder.put({ type: 'row', ...at, row });
      fetchWhatIsMissing(row);
    } else if (event === 'resync') void readInbox();
    else if (event === 'membership') takeMembership(data);
  }

  function takeMembership({ user_uuid, message_group_uuid, change }: MembershipChange) {
    if (user_uuid !== identity.uuid) return;
    if (change === 'removed') groups.delete(message_group_uuid);
    else groups.add(message_group_uuid);
  }

  async function stayConnected() {
    while (!stopping.signal.aborted) {
      const node = random.pick(Object.keys(nodes));
      sockets += 1;
      const [socket, person] = [sockets, identity.uuid];
      try {
        const live = await openSocket({
          url: `${nodes[node]?.replace(/^http/, 'ws')}/api/realtime`,
          WebSocket,
          token: tokenOf(identity),
          onEvent: (event) => hear(socket, event),
        });
        recorder.put({ type: 'socket', atMs: recorder.nowMs(), person, socket, node, is: 'ready' });
        asker.use(live);
        stopping.signal.addEventListener('abort', live.close);
        void readInbox();
        const again = setTimeout(() => void readInbox(), inboxAgainMs);
        await live.closed;
        clearTimeout(again);
        stopping.signal.removeEventListener('abort', live.close);
        asker.use(undefined);
        recorder.put({ type: 'socket', atMs: recorder.nowMs(), person, socket, node, is: 'closed' });
      } catch {
        // The node is down, or busy: another one, or later.
      }
      await sleep(random.int(0, reconnectMs), undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  return {
    identity,
    asker,
    groups,
    /** What this person knows of a conversation without a hole. */
    known: (group: string) => complete.get(group) ?? 0,
    start: () => void stayConnected(),
    isSettled: () => fetching.size === 0,
    stop() {
      asker.giveUp();
      stopping.abort();
    },
  };
}
