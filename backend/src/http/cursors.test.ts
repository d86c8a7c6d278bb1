import { describe, expect, it } from '@jest/globals';
import { z } from '@parley/contract/zod';
import fc from 'fast-check';
import { createCursors } from './cursors.ts';

const scope = ['list', 'ada'];

describe('a cursor', () => {
  it('opens to its position in its own scope', () => {
    const cursors = createCursors(['secret']);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (position) => {
        const { text } = cursors.open(
          scope,
          cursors.seal(scope, { text: position }),
          z.object({ text: z.string() }),
        );
        expect(text).toBe(position);
      }),
    );
  });

  it('is invalid for another list, another person, and another secret', () => {
    const cursors = createCursors(['secret']);
    const cursor = cursors.seal(scope, 1);
    for (const other of [['list', 'ben'], ['other', 'ada'], ['list'], ['list', 'ada', ''], ['listada']]) {
      expect(() => cursors.open(other, cursor, z.number())).toThrow('cursor_invalid');
    }
    expect(() => createCursors(['other']).open(scope, cursor, z.number())).toThrow('cursor_invalid');
    expect(() => createCursors([]).open(scope, cursor, z.number())).toThrow('cursor_invalid');
    expect(() => cursors.open(scope, cursor, z.string())).toThrow('cursor_invalid');
  });

  it('stays valid while its secret is replaced node by node', () => {
    const [old, both] = [createCursors(['old']), createCursors(['new', 'old'])];
    expect(both.open(scope, old.seal(scope, 1), z.number())).toBe(1);
    expect(() => old.open(scope, both.seal(scope, 1), z.number())).toThrow('cursor_invalid');
    expect(createCursors(['old', 'new']).open(scope, both.seal(scope, 1), z.number())).toBe(1);
  });

  it('is invalid with any character changed, or if it is forged', () => {
    const cursors = createCursors(['secret']);
    const cursor = cursors.seal(scope, { last: 'abc' });
    const text = /^[\w-]+$/;
    fc.assert(
      fc.property(fc.nat(cursor.length - 2), (index) => {
        const changed = `${cursor.slice(0, index)}${text.test(cursor[index] ?? '') ? '!' : 'A'}${cursor.slice(index + 1)}`;
        expect(() => cursors.open(scope, changed, z.unknown())).toThrow('cursor_invalid');
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (made) => {
        expect(() => cursors.open(scope, made, z.unknown())).toThrow('cursor_invalid');
      }),
    );
  });
});
