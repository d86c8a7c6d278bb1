import { setTimeout as sleep } from 'node:timers/promises';
import type { LiveEvent, MembershipChange } from '@parley/client/live/events';
import { openSocket } from '@parley/client/live/open-socket';
import { WebSocket } from 'ws';
import { createLiveReader } from './live-reader.ts';
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
  const stopping = new AbortController();
  const reader = createLiveReader(options, asker, stopping.signal);
  let sockets = 0;

  function receive(socket: number, { event, data }: LiveEvent) {
    const at = { atMs: recorder.nowMs(), person: identity.uuid, socket };
    if (event === 'message.created') {
      const entry = entryOf(data);
      recorder.put({ type: 'heard', ...at, entry });
      reader.receiveEntry(entry);
    } else if (event === 'message_group.updated') {
      const row = rowOf(data);
      recorder.put({ type: 'row', ...at, row });
      reader.receiveRow(row);
    } else if (event === 'resync') void reader.readInbox();
    else if (event === 'membership') receiveMembership(data);
  }

  function receiveMembership({ user_uuid, message_group_uuid, change }: MembershipChange) {
    if (user_uuid !== identity.uuid) return;
    if (change === 'removed') reader.groups.delete(message_group_uuid);
    else reader.groups.add(message_group_uuid);
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
          onEvent: (event) => receive(socket, event),
        });
        recorder.put({ type: 'socket', atMs: recorder.nowMs(), person, socket, node, is: 'ready' });
        asker.use(live);
        stopping.signal.addEventListener('abort', live.close);
        void reader.readInbox();
        const again = setTimeout(() => void reader.readInbox(), inboxAgainMs);
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
    groups: reader.groups,
    /** The newest entry of a conversation up to which this person has all. */
    known: reader.known,
    start: () => void stayConnected(),
    isSettled: reader.isSettled,
    stop() {
      asker.giveUp();
      stopping.abort();
    },
  };
}
