import { expect, test } from '@jest/globals';
import type { Person } from '../log/entries.ts';
import { createHistory } from '../log/fold.ts';
import type { RoomPlan } from './import-plan.ts';
import { groupOf, membershipEntries, membersOf, messageEntries, speakersOf } from './room-entries.ts';

const uuid = '11111111-1111-4111-8111-111111111111';
const person = (index: number): Person => ({
  uuid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  handle: `p${index}`,
  display_name: `p${index}`,
});
const start = '2001-02-03T04:05:06.000Z';

function room(count: number) {
  const everybody = Array.from({ length: count }, (_, index) => person(index));
  const people = new Map(everybody.map((each) => [each.handle, each]));
  const plan: RoomPlan = {
    uuid,
    title: 'general',
    startedAtMs: Date.parse(start),
    lines: 9,
    lastLine: 9,
    people: new Set(people.keys()),
  };
  return { plan, people, speakers: speakersOf(plan, people), history: createHistory(uuid) };
}
const said = (line: number, handle: string, at: string) => ({
  line,
  room: 'general',
  at,
  handle,
  text: `line ${line}`,
});

test('the first speaker creates the group, and adds the others 48 at a time', () => {
  const { plan, speakers, history } = room(100);
  const entries = membershipEntries(history, plan, speakers);
  expect(entries.map(({ type, seq }) => [type, seq])).toEqual([
    ['group_created', 1],
    ['members_added', 2],
    ['members_added', 3],
  ]);
  for (const entry of entries) history.apply(entry);
  expect(history.findings).toEqual([]);
  expect(history.members.size).toBe(100);
  expect(history.people.get(person(0).uuid)).toEqual(person(0));
  // A repeat finds everybody in the log.
  expect(membershipEntries(history, plan, speakers)).toEqual([]);
});

test('people that a later run finds are added after the existing entries', () => {
  const { plan, speakers, history } = room(3);
  for (const entry of membershipEntries(history, plan, speakers.slice(0, 2))) history.apply(entry);
  const [added, ...none] = membershipEntries(history, plan, speakers);
  expect(none).toEqual([]);
  expect(added).toMatchObject({
    type: 'members_added',
    seq: 2,
    members: [person(2).uuid],
    created_at: start,
  });
});

test('messages follow each other, and times never go back', () => {
  const { plan, people, speakers, history } = room(2);
  for (const entry of membershipEntries(history, plan, speakers)) history.apply(entry);
  const later = '2001-02-03T05:00:00.000Z';
  const entries = messageEntries(history, plan, people, [
    said(1, 'P1', '2001-02-03T04:30:00.000Z'),
    said(2, 'p0', later),
    said(3, 'p1', '2001-02-03T04:40:00.000Z'),
  ]);
  for (const entry of entries) history.apply(entry);
  expect(history.findings).toEqual([]);
  expect(
    entries.map(({ seq, message_count, created_at, user_handle }) => [
      seq,
      message_count,
      created_at,
      user_handle,
    ]),
  ).toEqual([
    [2, 1, '2001-02-03T04:30:00.000Z', 'p1'],
    [3, 2, later, 'p0'],
    [4, 3, later, 'p1'],
  ]);
  expect(entries.every(({ large }) => large === undefined)).toBe(true);
});

test('entries of a room with more than 50 people are marked as large', () => {
  const { plan, people, speakers, history } = room(51);
  for (const entry of membershipEntries(history, plan, speakers)) history.apply(entry);
  expect(messageEntries(history, plan, people, [said(1, 'p0', start)])[0]?.large).toBe(true);
});

test('members have read up to their own last message, and the group is created by its admin', () => {
  const { plan, people, speakers, history } = room(2);
  for (const entry of membershipEntries(history, plan, speakers)) history.apply(entry);
  for (const entry of messageEntries(history, plan, people, [said(1, 'p1', start)])) history.apply(entry);
  const joined = { seq: 1, count: 0 };
  expect(membersOf(history, plan)).toEqual([
    {
      member: { user_uuid: person(0).uuid, role: 'admin', joined_at: start },
      read: joined,
      sent: { seq: 0, count: 0 },
      unopened: true,
    },
    {
      member: { user_uuid: person(1).uuid, role: 'member', joined_at: start },
      read: joined,
      sent: { seq: 2, count: 1 },
      unopened: true,
    },
  ]);
  expect(groupOf(history, plan)).toMatchObject({ created_by: person(0).uuid, member_count: 2, version: 1 });
});

test('two handles of one person are one speaker, and a handle without a person is an error', () => {
  const { plan, people } = room(2);
  people.set('p1', person(0));
  expect(speakersOf(plan, people)).toEqual([person(0)]);
  people.delete('p1');
  expect(() => speakersOf(plan, people)).toThrow('the handle p1 has no person');
});
