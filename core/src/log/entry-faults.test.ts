import { describe, expect, it } from '@jest/globals';
import type { Change, Entry } from './entries.ts';
import { entryFaults } from './entry-faults.ts';

const history = {
  seq: 4,
  messageCount: 3,
  newest: { created_at: '2026-01-01T00:00:01Z' },
  isErased: () => false,
};
const entryWith = (more: Partial<Entry> = {}, change: Change = { type: 'message' }) =>
  ({
    ...{ seq: 5, message_count: 4, created_at: '2026-01-01T00:00:01Z', message: 'hi', user_uuid: 'ada' },
    ...change,
    ...more,
  }) as Entry;

describe('the next entry of a log', () => {
  it('has no fault with the next seq, the next count and a time that is not earlier', () => {
    expect(entryFaults(history, entryWith(), [])).toEqual([]);
    expect(entryFaults({ ...history, newest: undefined }, entryWith(), [])).toEqual([]);
    const notice = entryWith({ message_count: 3 }, { type: 'title_changed', title: 'Pies' });
    expect(entryFaults(history, notice, [])).toEqual([]);
  });

  it('shows a gap in a log', () => {
    expect(entryFaults(history, entryWith({ seq: 6 }), [])).toEqual([
      { invariant: 1, detail: 'follows entry 4', isBreaking: true },
    ]);
  });

  it('shows a count that is not the number of messages', () => {
    expect(entryFaults(history, entryWith({ message_count: 3 }), [])).toEqual([
      { invariant: 1, detail: 'message_count is 3, not 4', isBreaking: true },
    ]);
    const notice = entryWith({}, { type: 'title_changed', title: 'Pies' });
    expect(entryFaults(history, notice, [])).toMatchObject([{ detail: 'message_count is 4, not 3' }]);
  });

  it('shows a time earlier than the previous entry', () => {
    const early = entryWith({ created_at: '2026-01-01T00:00:00Z' });
    expect(entryFaults(history, early, [])).toEqual([
      { invariant: 1, detail: 'created_at 2026-01-01T00:00:00Z is before 2026-01-01T00:00:01Z' },
    ]);
  });

  it('shows what comes twice before data of an erased person', () => {
    const isErased = (uuid: string) => uuid === 'ada';
    expect(entryFaults({ ...history, isErased }, entryWith(), ['m is also that of entry 1'])).toEqual([
      { invariant: 2, detail: 'm is also that of entry 1' },
      { invariant: 8, detail: 'holds data of an erased person' },
    ]);
  });
});
