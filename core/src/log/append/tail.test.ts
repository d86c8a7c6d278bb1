import { describe, expect, it } from '@jest/globals';
import type { Change, Entry } from '../entries.ts';
import * as tails from './tail.ts';
import { createTail } from './tail.ts';

const startMs = Date.parse('2026-01-01T00:00:00.000Z');
const minuteMs = 60_000;

/** An entry whose key is its number, `atMs` after the start. */
function entryAt(seq: number, atMs = seq, change: Change = { type: 'message' }): Entry {
  return {
    ...change,
    ...{ message_group_uuid: 'group', seq, message_uuid: `m${seq}`, message: 'text' },
    ...{ user_uuid: 'ada', user_handle: 'ada', user_display_name: 'Ada' },
    created_at: new Date(startMs + atMs).toISOString(),
    message_count: seq,
    idempotency_key: `${seq}`,
  };
}

const entries = (from: number, to: number, atMs?: (seq: number) => number) =>
  Array.from({ length: to - from + 1 }, (_, index) => entryAt(from + index, atMs?.(from + index)));

const keyIsKnown = (tail: ReturnType<typeof createTail>, seq: number) =>
  tails.seqOfKey(tail, 'ada', `${seq}`) === seq;

describe('a tail', () => {
  it('covers the window only with the last 200 entries and the last 10 minutes', () => {
    const tail = createTail('group');
    tails.load(tail, [entryAt(1_000, 0)]);
    const afterMs = (ms: number) => tails.coversWindow(tail, startMs + ms);
    expect(afterMs(24 * 60 * minuteMs)).toBe(false);
    tails.extend(tail, entries(802, 999, () => 0).reverse());
    expect(afterMs(24 * 60 * minuteMs)).toBe(false);
    tails.extend(tail, [entryAt(801, 0)]);
    expect(afterMs(10 * minuteMs + 1)).toBe(true);
    // Entries of the last 10 minutes may come before these 200.
    expect(afterMs(10 * minuteMs)).toBe(false);
    expect(afterMs(0)).toBe(false);
  });

  it('covers the window as soon as it holds the whole log', () => {
    const tail = createTail('group');
    tails.load(tail, [entryAt(3, 0)]);
    expect(tails.coversWindow(tail, startMs)).toBe(false);
    tails.extend(tail, [entryAt(2, 0), entryAt(1, 0)]);
    expect(tails.coversWindow(tail, startMs)).toBe(true);
  });

  it('knows the keys of the messages by which it is extended, and not those of other entries', () => {
    const tail = createTail('group');
    tails.load(tail, [entryAt(9)]);
    tails.extend(tail, [entryAt(8), entryAt(7, 7, { type: 'title_changed', title: 't' }), entryAt(6)]);
    expect([9, 8, 7, 6, 5].map((seq) => keyIsKnown(tail, seq))).toEqual([true, true, false, true, false]);
    expect(tail).toMatchObject({ seq: 9, coveredFrom: 6, coveredSinceMs: startMs + 6 });
    tails.extend(tail, []);
    expect(tail.coveredFrom).toBe(1);
  });

  it('continues with the next page, and covers from the first one', () => {
    const tail = createTail('group');
    tails.load(tail, []);
    tails.load(tail, [entryAt(5), entryAt(6)]);
    tails.load(tail, [entryAt(7)]);
    expect(tail).toMatchObject({ seq: 7, coveredFrom: 5, coveredSinceMs: startMs + 5 });
  });

  it('is large if its newest entry is, and measures more bytes with more keys', () => {
    const tail = createTail('group');
    const empty = tails.bytesOf(tail);
    tails.load(tail, [entryAt(1)]);
    expect(tail.isLarge).toBe(false);
    tails.advance(tail, { ...entryAt(2), large: true });
    expect(tail.isLarge).toBe(true);
    expect(tails.bytesOf(tail)).toBeGreaterThan(empty);
    tails.advance(tail, entryAt(3, 3, { type: 'member_removed', members: ['ben'] }));
    expect(tail.isLarge).toBe(false);
    const before = tails.bytesOf(tail);
    tail.removed.add('eve');
    expect(tails.bytesOf(tail)).toBeGreaterThan(before);
  });

  it('keeps every key of the last 10 minutes, however many entries there are', () => {
    const tail = createTail('group');
    for (const entry of entries(1, 2_000, () => 0)) tails.advance(tail, entry);
    expect(keyIsKnown(tail, 1)).toBe(true);
    expect(tail.coveredFrom).toBe(1);
  });

  it('keeps the keys of the last 200 entries, however old they are, and drops what is older than both', () => {
    const tail = createTail('group');
    for (const entry of entries(1, 2_000, (seq) => seq * 10 * minuteMs)) tails.advance(tail, entry);
    for (const seq of [1_801, 1_900, 2_000]) expect([seq, keyIsKnown(tail, seq)]).toEqual([seq, true]);
    expect(keyIsKnown(tail, 1_000)).toBe(false);
    // It knows the keys of all entries that it covers.
    for (let seq = tail.coveredFrom; seq <= 2_000; seq += 1)
      expect([seq, keyIsKnown(tail, seq)]).toEqual([seq, true]);
    expect(tail.coveredFrom).toBeLessThanOrEqual(1_801);
    expect(tails.coversWindow(tail, startMs + 2_000 * 10 * minuteMs)).toBe(true);
  });

  it('applies only the next entry', () => {
    const tail = createTail('group');
    tails.load(tail, [entryAt(5)]);
    expect(() => tails.advance(tail, entryAt(7))).toThrow('entry 7 does not follow 5');
    expect(() => tails.advance(tail, entryAt(5))).toThrow('entry 5 does not follow 5');
    tails.observe(tail, entryAt(7));
    tails.observe(tail, entryAt(5));
    expect(tail.seq).toBe(5);
    tails.observe(tail, entryAt(6));
    expect(tail).toMatchObject({ seq: 6, messageCount: 6, createdAtMs: startMs + 6 });
  });

  it('forgets the members with every change, and remembers removed people until they are added', () => {
    const tail = createTail('group');
    tails.load(tail, [entryAt(1)]);
    const remember = () => tail.members.add('ben').add('eve');
    remember();
    tails.advance(tail, entryAt(2));
    expect([...tail.members]).toEqual(['ben', 'eve']);
    tails.advance(tail, entryAt(3, 3, { type: 'member_removed', members: ['ben'] }));
    expect([...tail.members]).toEqual([]);
    expect([...tail.removed]).toEqual(['ben']);
    remember();
    tails.advance(tail, entryAt(4, 4, { type: 'role_changed', members: ['eve'], role: 'admin' }));
    expect([...tail.members]).toEqual([]);
    expect([...tail.removed]).toEqual(['ben']);
    tails.advance(tail, entryAt(5, 5, { type: 'members_added', members: ['ben'] }));
    expect([...tail.removed]).toEqual([]);
  });
});
