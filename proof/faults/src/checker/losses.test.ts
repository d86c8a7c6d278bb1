import { describe, expect, it, test } from '@jest/globals';
import type {
  Answer,
  Call,
  Details,
  Entry,
  History,
  Member,
  Observation,
  Result,
  Role,
  Row,
  StoredEntry,
} from '../history.ts';
import { checkHistory } from './check.ts';
import type { Wrong } from './digest.ts';

const [group, direct] = ['group-1', 'direct-1'];
const [ada, ben, eve, fay, gus] = ['ada', 'ben', 'eve', 'fay', 'gus'];
const nodes = ['backend-1', 'backend-2'];
const isoAt = (seq: number) => new Date(1_700_000_000_000 + seq * 1_000).toISOString();

const stored = (
  conversation: string,
  seq: number,
  user_uuid: string,
  message: string,
  change: Partial<StoredEntry> = {},
): StoredEntry => ({
  ...{
    uuid: `${conversation}-${seq}`,
    seq,
    type: 'message',
    message_group_uuid: conversation,
    user_uuid,
    message,
  },
  created_at: isoAt(seq),
  ...change,
});

const groupLog = () => [
  stored(group, 1, ada, 'ada created g', {
    ...{ type: 'group_created', members: [ada, ben, eve, gus], title: 'g' },
  }),
  stored(group, 2, gus, 'a secret'),
  stored(group, 3, ada, 'ada added fay', { type: 'members_added', members: [fay] }),
  stored(group, 4, ada, 'ada removed eve', { type: 'member_removed', members: [eve] }),
  stored(group, 5, ada, 'ada made ben an admin', { type: 'role_changed', members: [ben], role: 'admin' }),
  stored(group, 6, ada, 'ada renamed g', { type: 'title_changed', title: 'renamed' }),
  stored(group, 7, gus, 'gus left the group', { type: 'member_removed', members: [gus] }),
  stored(group, 8, fay, 'hello'),
];
const directLog = () => [stored(direct, 1, ada, 'first'), stored(direct, 2, ben, 'second')];

const groupMembers: Member[] = [
  { uuid: ada, role: 'admin' },
  { uuid: ben, role: 'admin' },
  { uuid: fay, role: 'member' },
];
const directMembers: Member[] = [ada, ben].map((uuid) => ({ uuid, role: 'member' }));

const shown = ({ members: _members, role: _role, title: _title, ...entry }: StoredEntry): Entry => entry;

/**
 * The history of a correct system with a call of every kind: a direct conversation of Ada and Ben, and a group of Ada,
 * Ben, Eve and Gus. Fay is added to the group, Eve is removed, and Gus erases himself.
 */
function correctHistory() {
  const history: History = [
    {
      ...{ type: 'begin', seed: 1, wallMs: Date.parse(isoAt(20)) },
      people: [ada, ben, eve, fay, gus].map((uuid) => ({ uuid, handle: uuid })),
    },
  ];
  let [atMs, id] = [0, 0];
  const tick = () => {
    atMs += 10;
    return atMs;
  };
  const call = (person: string, asked: Call, result: Result = {}) => {
    id += 1;
    history.push({ type: 'call', atMs: tick(), id, person, call: asked });
    history.push({
      type: 'answer',
      atMs: tick(),
      id,
      person,
      answer: { outcome: 'ok', result, attempts: 1 },
    });
  };
  const hear = (entry: StoredEntry | undefined, ...people: string[]) => {
    if (!entry) throw new Error('no such entry');
    for (const person of people)
      history.push({ type: 'heard', atMs: tick(), person, socket: socketOf(person), entry: shown(entry) });
  };
  const socketOf = (person: string) => [ada, ben, eve, fay, gus].indexOf(person);
  for (const person of [ada, ben, eve, fay, gus])
    history.push({
      type: 'socket',
      atMs: tick(),
      person,
      socket: socketOf(person),
      node: 'backend-1',
      is: 'ready',
    });
  const details: Details = { group, title: 'g', members: groupMembers, read_seq: 1 };
  const send = (person: string, message: string, entry: StoredEntry | undefined, to?: string) => {
    if (!entry) throw new Error('no such entry');
    const conversation = entry.message_group_uuid;
    const asked: Call = { kind: 'send', group: conversation, message, key: message, known: 0 };
    call(person, { ...asked, ...(to !== undefined && { to }) }, { entry: shown({ ...entry, message }) });
  };

  const [first, second] = directLog();
  send(ada, 'first', first, ben);
  hear(first, ada, ben);
  send(ben, 'second', second);
  hear(second, ada, ben);

  const [created, secret, added, removed, promoted, renamed, left, hello] = groupLog();
  call(ada, { kind: 'create', title: 'g', members: [ben, eve, gus], key: 'c' }, { details });
  hear(created, ada, ben, eve, gus);
  send(gus, 'a secret', secret);
  hear(secret, ada, ben, eve, gus);
  call(ada, { kind: 'add', group, member: fay }, { details });
  hear(added, ada, ben, eve, gus, fay);
  call(fay, { kind: 'history', group, after: 0 }, { entries: groupLog().slice(0, 3).map(shown) });
  call(ada, { kind: 'remove', group, member: eve }, { details });
  hear(removed, ada, ben, gus, fay);
  call(ada, { kind: 'role', group, member: ben, role: 'admin' }, { details });
  hear(promoted, ada, ben, gus, fay);
  call(ada, { kind: 'rename', group, title: 'renamed' }, { details });
  hear(renamed, ada, ben, gus, fay);
  call(ben, { kind: 'settings', group, muted: true }, { settings: { muted: true, hidden: false } });
  call(ben, { kind: 'settings', group: direct, hidden: true }, { settings: { muted: false, hidden: true } });
  call(ben, { kind: 'mark-read', group, seq: 6 }, { read: { read_seq: 6, unread_count: 0 } });
  call(ben, { kind: 'sign-out', token: 1 });
  call(gus, { kind: 'erase', token: 1 });
  hear(left, ada, ben, fay);
  send(fay, 'hello', hello);
  hear(hello, ada, ben, fay);
  history.push({ type: 'drained', atMs: tick() });
  history.push(...finalReadings());
  return history;
}

/** The log after Gus was erased: without his text, and with notices that no longer contain his name. */
const scrubbed = () =>
  groupLog().map((entry) => {
    if (entry.seq === 1) return { ...entry, message: 'The group was created' };
    if (entry.seq === 2) return { ...entry, message: '' };
    return entry.seq === 7 ? { ...entry, message: 'A member left the group' } : entry;
  });

function finalReadings(): Observation[] {
  const readings: Observation[] = [];
  const read = { [ada]: 0, [ben]: 6, [fay]: 8 } as Record<string, number>;
  for (const node of nodes) {
    for (const person of [ada, ben, fay]) {
      const rows = [groupRow(read[person] ?? 0, person === ben)];
      const details: Details = {
        group,
        title: 'renamed',
        members: groupMembers,
        read_seq: read[person] ?? 0,
      };
      readings.push({ type: 'final-log', person, node, group, entries: scrubbed().map(shown), details });
      if (person !== fay) {
        const of = { group: direct, title: null, members: directMembers, read_seq: person === ben ? 2 : 1 };
        rows.push(directRow(person));
        readings.push({
          ...{ type: 'final-log', person, node, group: direct, entries: directLog().map(shown), details: of },
        });
      }
      readings.push({ type: 'final-inbox', person, node, rows });
      readings.push({ type: 'final-token', person, node, token: person === ben ? 2 : 1, status: 200 });
    }
    for (const person of [ben, gus])
      readings.push({ type: 'final-token', person, node, token: 1, status: 401 });
  }
  const tables: Observation[] = [
    { type: 'final-table', group, entries: scrubbed(), members: groupMembers, title: 'renamed' },
    { type: 'final-table', group: direct, entries: directLog(), members: directMembers, title: null },
  ];
  return [...readings, ...tables];
}

const groupRow = (read_seq: number, muted: boolean): Row => ({
  ...{ uuid: group, kind: 'group', display_name: 'renamed', muted, hidden: false },
  ...{ message: 'hello', created_at: isoAt(8), last_seq: 8, read_seq },
  unread_count: read_seq === 8 ? 0 : read_seq === 0 ? 2 : 1,
});
const directRow = (person: string): Row => ({
  ...{ uuid: direct, kind: 'direct', display_name: person, muted: false, hidden: person === ben },
  ...{ message: 'second', created_at: isoAt(2), last_seq: 2 },
  ...(person === ben ? { read_seq: 2, unread_count: 0 } : { read_seq: 1, unread_count: 1 }),
});

type Table = Extract<Observation, { type: 'final-table' }>;

/** Removes entries from the final state of the table and every backend, and renumbers the others. */
function withoutEntries(history: History, conversation: string, isGone: (entry: Entry) => boolean): History {
  return history.map((seen) => {
    if ((seen.type !== 'final-table' && seen.type !== 'final-log') || seen.group !== conversation)
      return seen;
    const rest = seen.entries.filter((entry) => !isGone(entry)) as StoredEntry[];
    return { ...seen, entries: rest.map((entry, index) => ({ ...entry, seq: index + 1 })) } as Observation;
  });
}

const changeTable = (
  history: History,
  conversation: string,
  change: (table: Table) => Partial<Table>,
): History =>
  history.map((seen) =>
    seen.type === 'final-table' && seen.group === conversation ? { ...seen, ...change(seen) } : seen,
  );

/** Changes the row of one person at one backend. */
const changeRow = (history: History, person: string, conversation: string, change: Partial<Row>): History =>
  history.map((seen) => {
    if (seen.type !== 'final-inbox' || seen.person !== person || seen.node !== 'backend-2') return seen;
    const rows = seen.rows.map((row) => (row.uuid === conversation ? { ...row, ...change } : row));
    return { ...seen, rows };
  });

const isOfTable = (seen: Observation, conversation: string) =>
  'group' in seen && seen.group === conversation && seen.type.startsWith('final-');

/** Removes a conversation from the final state: its log, its members and the rows in inboxes. */
const vanished = (history: History, conversation: string): History => [
  ...history.flatMap((seen): Observation[] => {
    if (isOfTable(seen, conversation)) return [];
    if (seen.type !== 'final-inbox') return [seen];
    return [{ ...seen, rows: seen.rows.filter(({ uuid }) => uuid !== conversation) }];
  }),
  { type: 'final-table', group: conversation, entries: [], members: [], title: null },
];

const isOfType = (type: string) => (entry: Entry) => entry.type === type;
const role = (uuid: string, changed: Role): Member => ({ uuid, role: changed });

const changeFirst = (history: History, change: Partial<StoredEntry>): History =>
  changeTable(history, group, ({ entries }) => ({
    entries: entries.map((entry) => (entry.seq === 1 ? { ...entry, ...change } : entry)),
  }));

const done: Answer = { outcome: 'ok', result: {}, attempts: 1 };
const unknown: Answer = { outcome: 'unknown', attempts: 3 };

/** A further call and its answer. */
const asked = (person: string, call: Call, atMs: number, answer: Answer, id = 0): Observation[] => [
  { type: 'call', atMs, id: 1_000 + id, person, call },
  { type: 'answer', atMs: atMs + 1, id: 1_000 + id, person, answer },
];

type Plant = { what: string; kind: Wrong; says: RegExp; plant: (history: History) => History };

/** Histories of broken systems, and the violation that the checker must report. */
const plants: Plant[] = [
  {
    what: 'a first direct message that was acknowledged but not written, nor its conversation',
    ...{ kind: 'lost', says: /ada's "first" to direct-1 was acknowledged as direct-1-1/ },
    plant: (history) => vanished(history, direct),
  },
  {
    what: 'a whole group that vanished from logs and inboxes',
    ...{ kind: 'lost', says: /ada's create of “g” \(group-1\)/ },
    plant: (history) => vanished(history, group),
  },
  {
    what: 'a conversation that was acknowledged but not read at the end',
    ...{ kind: 'lost', says: /direct-1 was acknowledged, but was not read at the end/ },
    plant: (history) => history.filter((seen) => !isOfTable(seen, direct)),
  },
  {
    what: 'a lost send in a conversation that exists',
    ...{ kind: 'lost', says: /fay's "hello" to group-1/ },
    plant: (history) => withoutEntries(history, group, ({ seq }) => seq === 8),
  },
  {
    what: 'a group with other members than its creation was acknowledged with',
    ...{ kind: 'lost', says: /ada's create/ },
    plant: (history) =>
      changeTable(history, group, ({ entries }) => ({
        entries: entries.map((entry) => (entry.seq === 1 ? { ...entry, members: [ada, ben, gus] } : entry)),
      })),
  },
  {
    what: 'a lost addition of a member',
    ...{ kind: 'not a member', says: /ada's .*"add".*"fay".* was acknowledged/ },
    plant: (history) => withoutEntries(history, group, isOfType('members_added')),
  },
  {
    what: 'a lost removal of a member',
    ...{ kind: 'not a member', says: /ada's .*"remove".*"eve".* was acknowledged/ },
    plant: (history) => withoutEntries(history, group, ({ seq }) => seq === 4),
  },
  {
    what: 'a removed member who is still in the table',
    ...{ kind: 'not a member', says: /group-1 has the members .*eve member/ },
    plant: (history) =>
      changeTable(history, group, ({ members }) => ({ members: [...members, role(eve, 'member')] })),
  },
  {
    what: 'a lost change of a role',
    ...{ kind: 'role or title wrong', says: /ada's .*"role".*"ben".* was acknowledged/ },
    plant: (history) => withoutEntries(history, group, isOfType('role_changed')),
  },
  {
    what: 'a lost change of a title',
    ...{ kind: 'role or title wrong', says: /ada's .*"rename".*"renamed".* was acknowledged/ },
    plant: (history) => withoutEntries(history, group, isOfType('title_changed')),
  },
  {
    what: 'a title that one inbox does not show',
    ...{ kind: 'role or title wrong', says: /ben's row of group-1 at backend-2 has the title g/ },
    plant: (history) => changeRow(history, ben, group, { display_name: 'g' }),
  },
  {
    what: 'a lost mute',
    ...{ kind: 'setting wrong', says: /ben set .*"muted":true.* backend-2 shows muted false/ },
    plant: (history) => changeRow(history, ben, group, { muted: false }),
  },
  {
    what: 'a hidden conversation that is shown without a new message',
    ...{ kind: 'setting wrong', says: /ben set .*"hidden":true.* backend-2 shows hidden false/ },
    plant: (history) => changeRow(history, ben, direct, { hidden: false }),
  },
  {
    what: 'a read position that moved backward',
    ...{ kind: 'read position wrong', says: /ben at backend-2: .*but 6 was read/ },
    plant: (history) => changeRow(history, ben, group, { read_seq: 5 }),
  },
  {
    what: 'a read position that moved backward only in the details of the conversation',
    ...{ kind: 'read position wrong', says: /ben at backend-1: group-1 is read to 3, not 6/ },
    plant: (history) =>
      history.map((seen) =>
        seen.type === 'final-log' && seen.person === ben && seen.group === group && seen.node === 'backend-1'
          ? { ...seen, details: { ...seen.details, read_seq: 3 } }
          : seen,
      ),
  },
  {
    what: 'a sign-out whose token still works at one backend',
    ...{ kind: 'token accepted', says: /backend-2 answers 200 to token 1 of ben/ },
    plant: (history) =>
      history.map((seen) =>
        seen.type === 'final-token' && seen.person === ben && seen.node === 'backend-2'
          ? { ...seen, status: 200 }
          : seen,
      ),
  },
  {
    what: 'a backend that refuses everybody',
    ...{ kind: 'token refused', says: /backend-1 answers 401 to token 1 of ada/ },
    plant: (history) =>
      history.map((seen) =>
        seen.type === 'final-token' && seen.node === 'backend-1' ? { ...seen, status: 401 } : seen,
      ),
  },
  {
    what: 'a text of an erased person in the table',
    ...{ kind: 'text left', says: /gus was erased, and the table at group-1 2 holds "a secret"/ },
    plant: (history) =>
      changeTable(history, group, ({ entries }) => ({
        entries: entries.map((entry) => (entry.seq === 2 ? { ...entry, message: 'a secret' } : entry)),
      })),
  },
  {
    what: 'a name of an erased person in a notice',
    ...{ kind: 'text left', says: /group-1 7 holds "gus left the group"/ },
    plant: (history) =>
      changeTable(history, group, ({ entries }) => ({
        entries: entries.map((entry) =>
          entry.seq === 7 ? { ...entry, message: 'gus left the group' } : entry,
        ),
      })),
  },
  {
    what: 'an erased person whose token still works',
    ...{ kind: 'token accepted', says: /backend-1 answers 200 to token 1 of gus/ },
    plant: (history) =>
      history.map((seen) =>
        seen.type === 'final-token' && seen.person === gus ? { ...seen, status: 200 } : seen,
      ),
  },
  {
    what: 'an erased person who is still a member',
    ...{ kind: 'not a member', says: /gus was erased, and is a member of group-1/ },
    plant: (history) =>
      changeTable(history, group, ({ members }) => ({ members: [...members, role(gus, 'member')] })),
  },
  {
    what: 'a doubled send',
    ...{ kind: 'doubled', says: /fay's "hello" to group-1 is in the log at 8,9/ },
    plant: (history) =>
      changeTable(history, group, ({ entries }) => ({
        entries: [...entries, stored(group, 9, fay, 'hello')],
      })),
  },
  {
    what: 'one uuid in two conversations',
    ...{ kind: 'doubled', says: /group-1-8 is both / },
    plant: (history) =>
      changeTable(history, direct, ({ entries }) => ({
        entries: [...entries, stored(direct, 3, fay, 'hello', { uuid: 'group-1-8' })],
      })),
  },
  {
    what: 'a doubled send, without a text, of an erased person',
    ...{ kind: 'doubled', says: /gus, erased, has 2 messages in group-1 of 1 sends/ },
    plant: (history) =>
      changeTable(history, group, ({ entries }) => ({ entries: [...entries, stored(group, 9, gus, '')] })),
  },
  {
    what: 'two sends in the wrong order',
    ...{ kind: 'out of order', says: /direct-1 1 was sent after 2 was acknowledged/ },
    plant: (history) =>
      history.map((seen) => {
        if (seen.type !== 'answer' || seen.answer.outcome !== 'ok') return seen;
        const { entry } = seen.answer.result;
        if (entry?.message_group_uuid !== direct) return seen;
        const result = { entry: { ...entry, seq: 3 - entry.seq } };
        return { ...seen, answer: { ...seen.answer, result } };
      }),
  },
  {
    what: 'an entry that a connected member never received',
    ...{ kind: 'not told', says: /fay never received group-1 6/ },
    plant: (history) =>
      history.filter((seen) => !(seen.type === 'heard' && seen.person === fay && seen.entry.seq === 6)),
  },
  {
    what: 'a conversation that one backend refuses to a member',
    ...{ kind: 'lost', says: /fay is a member of group-1, and backend-2 answers 404/ },
    plant: (history) => [
      ...history,
      { type: 'final-refusal', person: fay, node: 'backend-2', group, status: 404 } as const,
    ],
  },
  {
    what: 'a conversation that is missing in one inbox',
    ...{ kind: 'lost', says: /direct-1 is not in the inbox of ada, a member, at backend-2/ },
    plant: (history) =>
      history.map((seen) =>
        seen.type === 'final-inbox' && seen.person === ada && seen.node === 'backend-2'
          ? { ...seen, rows: seen.rows.filter(({ uuid }) => uuid !== direct) }
          : seen,
      ),
  },
  {
    what: 'a name of an erased person in an inbox',
    ...{ kind: 'text left', says: /gus was erased, and ben's inbox at backend-2 holds/ },
    plant: (history) => changeRow(history, ben, group, { message: 'gus left the group' }),
  },
  {
    what: 'a group created with another title',
    ...{ kind: 'lost', says: /ada's create of “g”/ },
    plant: (history) => changeFirst(history, { title: 'another' }),
  },
  {
    what: "a created group that was replaced by somebody else's",
    ...{ kind: 'lost', says: /ada's create of “g”/ },
    plant: (history) => changeFirst(history, { user_uuid: ben }),
  },
  {
    what: 'a change that was in effect before its request, but not since',
    ...{ kind: 'role or title wrong', says: /ada's .*"role":"member".* was acknowledged/ },
    plant: (history) => [
      ...history,
      ...asked(ada, { kind: 'role', group, member: ben, role: 'member' }, 5_000, done),
    ],
  },
  {
    what: 'a change that took effect only after it was acknowledged',
    ...{ kind: 'not a member', says: /ada's .*"add".*"fay".*not in effect after any entry from 0 to 0/ },
    plant: (history) => {
      const isCreate = (seen: Observation) => seen.type === 'call' && seen.call.kind === 'create';
      const created = history.find(isCreate);
      const atMs = created && 'atMs' in created ? created.atMs - 9 : 0;
      const sent = stored(group, 1, ada, 'right after', { uuid: 'after' });
      const send: Call = { kind: 'send', group, message: 'right after', key: 'k', known: 0 };
      return [
        ...history,
        ...asked(ada, { kind: 'add', group, member: fay }, atMs, done, 1),
        ...asked(ada, send, atMs + 3, { ...done, result: { entry: shown(sent) } }, 2),
      ];
    },
  },
  {
    what: 'a log that differs between one backend and the table',
    ...{ kind: 'changed', says: /fay saw .* at group-1 8/ },
    plant: (history) =>
      history.map((seen) =>
        seen.type === 'final-log' && seen.person === fay && seen.node === 'backend-2'
          ? {
              ...seen,
              entries: seen.entries.map((entry) => (entry.seq === 8 ? { ...entry, message: 'bye' } : entry)),
            }
          : seen,
      ),
  },
];

describe('the checker, with a history of calls of every kind', () => {
  it('finds nothing in a correct history', () => {
    const { violations, figures } = checkHistory(correctHistory());
    expect(violations).toEqual([]);
    expect(Object.keys(figures.done)).toEqual([
      ...[
        'add',
        'create',
        'erase',
        'history',
        'mark-read',
        'remove',
        'rename',
        'role',
        'send',
        'settings',
        'sign-out',
      ],
    ]);
  });

  test.each(plants)('finds $what', ({ kind, says, plant }) => {
    const { violations } = checkHistory(plant(correctHistory()));
    expect(violations).toContainEqual(expect.objectContaining({ kind, detail: expect.stringMatching(says) }));
  });

  const tokenAnswers = (history: History, person: string, token: number, status: number): History =>
    history.map((seen) =>
      seen.type === 'final-token' && seen.person === person && seen.token === token
        ? { ...seen, status }
        : seen,
    );
  const later = 5_000;

  it.each([
    ['no answer', unknown],
    ['a lost first answer', { ...done, attempts: 2 } as Answer],
    [
      'a refusal after a lost answer',
      { outcome: 'refused', status: 401, codes: ['generic_401'], isSure: false, attempts: 2 } as Answer,
    ],
  ])('allows any time for the effect of a sign-out with %s', (_, answer) => {
    const history = [...correctHistory(), ...asked(ada, { kind: 'sign-out', token: 1 }, later, answer)];
    const isDead = answer.outcome === 'ok';
    for (const status of isDead ? [401] : [200, 401])
      expect(checkHistory(tokenAnswers(history, ada, 1, status)).violations).toEqual([]);
  });

  it('allows the repeat of a call to miss an erased person only after the erasure', () => {
    const refused: Answer = {
      outcome: 'refused',
      status: 404,
      codes: ['user_not_found'],
      isSure: true,
      attempts: 1,
    };
    const create = correctHistory().find((seen) => seen.type === 'call' && seen.call.kind === 'create');
    const id = create?.type === 'call' ? create.id : 0;
    const repeatedAt = (atMs: number) =>
      checkHistory([...correctHistory(), { type: 'repeat', atMs, id, person: ada, answer: refused }])
        .violations;
    expect(repeatedAt(later)).toEqual([]);
    expect(repeatedAt(1)).toMatchObject([{ invariant: 2, kind: 'unexpected answer' }]);
  });

  it('allows any setting after a change of it with an unknown outcome, and after leaving', () => {
    const history = correctHistory();
    const muted = changeRow(history, ben, group, { muted: false });
    const retried = asked(ben, { kind: 'settings', group, muted: false }, later, unknown);
    const left = asked(ada, { kind: 'remove', group, member: ben }, later, unknown);
    for (const doubt of [retried, left]) expect(checkHistory([...muted, ...doubt]).violations).toEqual([]);
  });

  it('expects a hidden conversation to be shown after a later message, and not after an earlier one', () => {
    const back = correctHistory().map((seen) =>
      seen.type === 'final-inbox'
        ? { ...seen, rows: seen.rows.map((row) => ({ ...row, hidden: false })) }
        : seen,
    );
    const third = stored(direct, 3, ada, 'third');
    const send: Call = { kind: 'send', group: direct, message: 'third', key: '3', known: 2 };
    const sent = asked(ada, send, later, { ...done, result: { entry: shown(third) } });
    const isHidden = ({ kind }: { kind: Wrong }) => kind === 'setting wrong';
    expect(checkHistory(back).violations.filter(isHidden)).not.toEqual([]);
    expect(checkHistory([...back, ...sent]).violations.filter(isHidden)).toEqual([]);
    expect(checkHistory([...correctHistory(), ...sent]).violations.filter(isHidden)).not.toEqual([]);
  });

  it('allows both results of a change with an unknown outcome', () => {
    const call: Call = { kind: 'role', group, member: fay, role: 'admin' };
    expect(checkHistory([...correctHistory(), ...asked(ada, call, later, unknown)]).violations).toEqual([]);
  });

  it('allows both results of an erasure with an unknown outcome', () => {
    const isErase = (seen: Observation) => seen.type === 'call' && seen.call.kind === 'erase';
    const history = correctHistory();
    const id = history.find(isErase);
    const doubtful = history.map((seen) =>
      seen.type === 'answer' && id?.type === 'call' && seen.id === id.id
        ? { ...seen, answer: unknown }
        : seen,
    );
    expect(checkHistory(doubtful).violations).toEqual([]);
    expect(checkHistory(tokenAnswers(doubtful, gus, 1, 200)).violations).toEqual([]);
  });
});
