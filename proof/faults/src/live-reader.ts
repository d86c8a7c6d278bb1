import { flagsOf } from '@parley/contract/entry-kinds';
import type { CallOf, Entry, Row } from './history.ts';
import type { createAsker, PersonOptions } from './person.ts';

type Asker = ReturnType<typeof createAsker>;

/** What a person has of each conversation, from events and answers. It fetches what is missing until `signal` aborts. */
export function createLiveReader({ identity }: PersonOptions, asker: Asker, signal: AbortSignal) {
  /** The newest entry of each conversation up to which none is missing. */
  const complete = new Map<string, number>();
  const held = new Map<string, Set<number>>();
  const fetching = new Map<string, { isWanted: boolean }>();
  const groups = new Set<string>();

  const known = (group: string) => complete.get(group) ?? 0;

  function add({ message_group_uuid: group, seq, user_uuid, type }: Entry) {
    const ahead = held.get(group) ?? new Set();
    held.set(group, ahead);
    ahead.add(seq);
    let next = known(group);
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
    while (state.isWanted && !signal.aborted) {
      state.isWanted = false;
      const answer = await asker.ask({ kind: 'history', group, after: known(group) });
      if (answer.outcome === 'refused') groups.delete(group);
      if (answer.outcome !== 'ok') break;
      const entries = answer.result.entries ?? [];
      for (const entry of entries) add(entry);
      if (entries.length === 100) state.isWanted = true;
    }
    fetching.delete(group);
  }

  async function readRows(call: CallOf<'inbox'>) {
    const answer = await asker.ask(call);
    if (answer.outcome !== 'ok') return;
    for (const row of answer.result.rows ?? []) receiveRow(row);
  }

  /** A node pushes an entry once. A socket that came after the push, and before the summary, learns of it by the row. */
  function receiveRow({ uuid, last_seq }: Row) {
    groups.add(uuid);
    if (last_seq > known(uuid)) void fetch(uuid);
  }

  return {
    groups,
    known,
    isSettled: () => fetching.size === 0,
    receiveRow,
    receiveEntry(entry: Entry) {
      const { message_group_uuid: group, seq } = entry;
      groups.add(group);
      if (seq <= known(group)) return;
      add(entry);
      if (seq > known(group)) void fetch(group);
    },
    /** Hidden conversations too: their changes of members show them to nobody. */
    async readInbox() {
      await Promise.all([readRows({ kind: 'inbox' }), readRows({ kind: 'inbox', hidden: true })]);
    },
  };
}
