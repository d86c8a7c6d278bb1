import { describe, expect, it } from '@jest/globals';
import { demoConversations } from './demo-conversations.ts';
import { type Everyone, linesOf } from './demo-history.ts';
import { demoNeighbours, demoPeople } from './demo-people.ts';

const now = Date.parse('2026-03-10T00:03:00.000Z');
const everyone: Everyone = new Map(
  [...demoPeople, ...demoNeighbours].map(({ handle, display_name }, index) => [
    handle,
    { uuid: `00000000-0000-4000-8000-0000000000${index + 10}`, handle, display_name },
  ]),
);
const conversations = demoConversations.map((each) => [...linesOf(each, everyone, now)]);
const entriesOf = (lines: (typeof conversations)[number]) => lines.filter(({ line }) => line === 'entry');

describe('the demo conversations', () => {
  it('are the same for the same moment', () => {
    expect(demoConversations.map((each) => [...linesOf(each, everyone, now)])).toEqual(conversations);
  });

  it('spread over weeks, each in order, none in the future, and the newest of today', () => {
    const times = conversations.map((lines) => entriesOf(lines).map(({ created_at }) => String(created_at)));
    for (const each of times) expect(each).toEqual(each.toSorted());
    const all = times.flat().sort();
    expect(now - Date.parse(all[0] ?? '')).toBeGreaterThan(35 * 86_400_000);
    expect(new Set(all.map((time) => time.slice(0, 10))).size).toBeGreaterThan(20);
    expect(Date.parse(all.at(-1) ?? '')).toBeLessThanOrEqual(now);
    expect(now - Date.parse(all.at(-1) ?? '')).toBeLessThan(10 * 60_000);
  });

  it('show code, links, emoji and several scripts', () => {
    const texts = conversations.flatMap(entriesOf).map(({ message }) => String(message));
    for (const kind of [/```python\n/, /https:\/\//, /^\p{Extended_Pictographic}/u, /\p{Script=Hiragana}/u])
      expect(texts.some((text) => kind.test(text))).toBe(true);
    for (const kind of [/\p{Script=Arabic}/u, /\p{Script=Cyrillic}/u, /\p{Script=Hangul}/u])
      expect(texts.some((text) => kind.test(text))).toBe(true);
  });

  it('have read positions within their logs, and one that is muted', () => {
    for (const lines of conversations)
      for (const { read_seq } of lines.filter(({ line }) => line === 'member'))
        expect(read_seq).toBeLessThanOrEqual(entriesOf(lines).length);
    expect(conversations.flat().filter(({ settings }) => settings !== undefined)).toHaveLength(1);
  });
});
