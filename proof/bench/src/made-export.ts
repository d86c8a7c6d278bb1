import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { flagsOf } from '@parley/contract/entry-kinds';
import type { Change, Entry, Person } from '@parley/core/log/entries';
import type { Group } from '@parley/core/log/members';
import { linesOf, type StateLine } from '@parley/core/transfer/export-format';
import { makePeople, text60 } from './people.ts';

const entriesPerGroup = 100;
const entriesPerPerson = 100;
/** One of them leaves: ten stay. */
const peoplePerGroup = 11;

/** Writes an export of so many entries, at least 3, as bin/export would. */
export async function writeMadeExport(file: string, entries: number) {
  const nowMs = Date.now();
  await pipeline(linesOf('everything', madeState(entries, nowMs), nowMs), endLines, createWriteStream(file));
}

async function* endLines(lines: AsyncIterable<string>) {
  for await (const line of lines) yield `${line}\n`;
}

/** Groups of a hundred entries, and one that holds a tenth of all. */
async function* madeState(entries: number, nowMs: number): AsyncGenerator<StateLine> {
  const people = makePeople(Math.max(peoplePerGroup, Math.ceil(entries / entriesPerPerson)));
  const groups = Math.floor((0.9 * entries) / entriesPerGroup);
  for (let index = 0; index <= groups; index += 1) {
    const some = Array.from({ length: peoplePerGroup }, (_, offset) => at(people, index + offset));
    yield* groupLines(some, index === 0 ? entries - groups * entriesPerGroup : entriesPerGroup, nowMs);
  }
  for (const person of people.sort(byUuid)) yield personLine(person, nowMs);
}

/** A group whose last person was added, and one removed. Every other member writes; the others have read a part. */
function* groupLines(people: Person[], length: number, nowMs: number): Generator<StateLine> {
  const message_group_uuid = randomUUID();
  const [creator, added, removed] = [at(people, 0), at(people, -1), at(people, -2)];
  const present = people.filter((person) => person !== removed);
  const title = `group of ${creator.handle}`;
  const changes: Change[] = [
    { type: 'group_created', title, members: uuidsOf(people.filter((person) => person !== added)) },
    { type: 'members_added', members: [added.uuid] },
    { type: 'member_removed', members: [removed.uuid] },
  ];
  const timeOf = (seq: number) => new Date(nowMs - (length - seq) * 1_000).toISOString();

  for (let seq = 1; seq <= length; seq += 1) {
    const change = changes[seq - 1] ?? { type: 'message' };
    const isMessage = flagsOf(change).countsAsMessage;
    const author = isMessage ? at(present, 2 * seq) : creator;
    const entry: Entry = {
      ...change,
      message_group_uuid,
      seq,
      message_uuid: randomUUID(),
      message: isMessage ? text60 : '',
      user_uuid: author.uuid,
      user_handle: author.handle,
      user_display_name: author.display_name,
      created_at: timeOf(seq),
      message_count: Math.max(0, seq - changes.length),
    };
    yield { line: 'entry', ...entry };
  }
  const group: Group = {
    message_group_uuid,
    kind: 'group',
    title,
    created_by: creator.uuid,
    created_at: timeOf(1),
    member_count: present.length,
    version: changes.length,
  };
  yield { line: 'group', ...group };
  for (const person of present.toSorted(byUuid)) {
    const index = present.indexOf(person);
    yield {
      line: 'member',
      message_group_uuid,
      user_uuid: person.uuid,
      role: person === creator ? 'admin' : 'member',
      joined_at: timeOf(person === added ? 2 : 1),
      read_seq: index % 2 === 0 ? length : Math.floor((length * index) / present.length),
    };
  }
}

const personLine = (person: Person, nowMs: number): StateLine => ({
  line: 'person',
  ...person,
  bio: '',
  email: `${person.handle}@example.com`,
  cognito_user_id: null,
  created_at: new Date(nowMs).toISOString(),
  signed_out_at: null,
  disabled_at: null,
  erased_at: null,
  erasure_finished_at: null,
});

const uuidsOf = (people: Person[]) => people.map(({ uuid }) => uuid);
const byUuid = (one: Person, other: Person) => (one.uuid < other.uuid ? -1 : 1);

/** Round the list, from either end. */
function at(people: Person[], index: number): Person {
  const person = people.at(index % people.length);
  if (!person) throw new Error('nobody is there');
  return person;
}
