import { expect, test } from '@jest/globals';
import { maxGroupMembers } from '../conversations/limits.ts';
import { erasedReason, type Limits, type Line, parseLine, planImport } from './import-plan.ts';

const limits: Limits = {
  messageMaxChars: 20,
  titleMaxChars: 10,
  handleMaxChars: 8,
  nowMs: Date.parse('2026-01-01T00:00:00Z'),
};
const good = { room: 'general', at: '2001-02-03T04:05:06Z', handle: 'ada', text: 'hello' };
const line = (value: unknown, number = 1): Line => ({
  number,
  text: typeof value === 'string' ? value : JSON.stringify(value),
});
async function* linesOf(...values: unknown[]) {
  for (const [index, value] of values.entries()) yield line(value, index + 1);
}

test.each<[string, unknown]>([
  ['not JSON', 'hello'],
  ['not a JSON object', [good]],
  ['room is not a string', { ...good, room: 1 }],
  ['text is not a string', { ...good, text: undefined }],
  ['room is blank', { ...good, room: ' ' }],
  ['room is longer than 10 characters', { ...good, room: 'x'.repeat(11) }],
  ['handle is longer than 8 characters', { ...good, handle: 'x'.repeat(9) }],
  ['handle is not well-formed Unicode', { ...good, handle: '\ud800' }],
  ['handle is a relative path', { ...good, handle: '..' }],
  ['text is blank', { ...good, text: '\u200b' }],
  ['text is longer than 20 characters', { ...good, text: 'x'.repeat(21) }],
  ['at is not an ISO 8601 time', { ...good, at: 'yesterday' }],
  ['at is not a calendar day', { ...good, at: '2001-02-30T00:00:00Z' }],
  ['at is in the future', { ...good, at: '2026-01-01T00:00:01Z' }],
])('a line is bad: %s', (reason, value) => {
  expect(parseLine(line(value), limits)).toBe(reason);
});

test('a good line becomes a message with its time in UTC, and an unreadable one keeps its reason', () => {
  expect(parseLine(line({ ...good, at: '2001-02-03T04:05:06+02:00' }, 7), limits)).toEqual({
    ...good,
    line: 7,
    at: '2001-02-03T02:05:06.000Z',
  });
  expect(parseLine({ number: 1, fault: 'too long' }, limits)).toBe('too long');
});

test('messages of erased people are bad lines', () => {
  const erased = { ...limits, erasedHandles: new Set(['ada']) };
  expect(parseLine(line({ ...good, handle: 'Ada' }), erased)).toBe(erasedReason);
});

test('a plan lists speakers with their first spelling, and the last line of each room', async () => {
  const bad: [number, string][] = [];
  const plan = await planImport(
    linesOf(good, { ...good, handle: 'Bob' }, 'oops', { ...good, room: 'other' }, { ...good, handle: 'ADA' }),
    limits,
    (number, reason) => bad.push([number, reason]),
  );
  expect(bad).toEqual([[3, 'not JSON']]);
  expect(plan).toMatchObject({ lines: 4, badLines: 1 });
  expect([...plan.handles]).toEqual([
    ['ada', 'ada'],
    ['bob', 'Bob'],
  ]);
  const room = plan.rooms.get('general');
  expect(room).toMatchObject({ lines: 3, lastLine: 5, startedAtMs: Date.parse(good.at) });
  expect([...(room?.people ?? [])]).toEqual(['ada', 'bob']);
});

test('the source and the uuids of rooms depend only on the content', async () => {
  const one = await planImport(linesOf(good), limits, () => {});
  const same = await planImport(linesOf(good), limits, () => {});
  const other = await planImport(linesOf({ ...good, text: 'bye' }), limits, () => {});
  expect(same.source).toBe(one.source);
  expect(same.rooms.get('general')?.uuid).toBe(one.rooms.get('general')?.uuid);
  expect(other.source).not.toBe(one.source);
  expect(other.rooms.get('general')?.uuid).not.toBe(one.rooms.get('general')?.uuid);
});

test('a room may have no more people than a group', async () => {
  const crowd = Array.from({ length: maxGroupMembers + 1 }, (_, index) => ({ ...good, handle: `p${index}` }));
  const bad: string[] = [];
  const plan = await planImport(
    linesOf(...crowd, good.room, { ...good, handle: 'P0' }),
    limits,
    (_, reason) => bad.push(reason),
  );
  expect(bad).toEqual([`room already has ${maxGroupMembers} people`, 'not JSON']);
  expect(plan.rooms.get('general')?.people.size).toBe(maxGroupMembers);
});
