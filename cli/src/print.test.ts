import { expect, test } from '@jest/globals';
import { inOrder, printable, tableOf } from './print.ts';

test('rows are aligned, with keys first, numbers to the right, and long cells cut', () => {
  const rows = [
    { seq: 9, sk: '1', pk: 'a', text: 'x'.repeat(61), open: true },
    { seq: 10, sk: '22', pk: 'b', text: 'é👩', tags: new Set(['t']) },
  ];
  expect(tableOf(rows).split('\n')).toEqual([
    `pk  sk  seq  text${' '.repeat(56)}  open  tags`,
    `a   1     9  ${'x'.repeat(59)}…  true`,
    `b   22   10  é👩${' '.repeat(58)}        ["t"]`,
  ]);
});

test('control characters are shown and do not reach the terminal', () => {
  expect(tableOf([{ text: '\x1b[2J\u202eab\n' }])).toBe('text\n\\u001b[2J\\u202eab\\u000a');
});

test('right-to-left text does not reorder its neighbours, and isolates have no width', () => {
  const rows = [
    { title: 'שלום', seq: 1 },
    { title: 'abcd', seq: 2 },
  ];
  expect(tableOf(rows)).toBe('title  seq\n\u2068שלום\u2069     1\nabcd     2');
  expect(printable('\u202eadam')).toBe('\\u202eadam');
});

test('a cell is cut between graphemes', () => {
  const family = '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}';
  expect(tableOf([{ text: `${'x'.repeat(57)}${family}` }])).toBe(`text\n${'x'.repeat(57)}…`);
});

test('attributes are ordered by the statement, or by name', () => {
  const rows = [{ b: 1, a: 2, c: 3 }];
  const names = (statement?: string) => Object.keys(inOrder(rows, statement)[0] ?? {});
  expect(names()).toEqual(['a', 'b', 'c']);
  expect(names('SELECT c, b FROM t')).toEqual(['c', 'b', 'a']);
});
