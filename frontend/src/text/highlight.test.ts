import { expect, test } from '@jest/globals';
import { highlight } from './highlight.ts';

const codes: [language: string, code: string, kind: string, coloured: string][] = [
  ['ts', 'const a: number = 1; // why\nexport { a };\n', 'word', 'const'],
  ['python', 'def f():\n    """why"""\n    return None  # x\n', 'word', 'def'],
  ['sql', "select * from readings where bed = 'four' -- x", 'word', 'select'],
  ['rust', 'fn main() { println!("hi"); }', 'text', '"hi"'],
  ['json', '{"a": [1, true]}', 'name', '"a"'],
  ['sh', 'echo "hi" # x', 'comment', '# x'],
];

test.each(codes)('%s is coloured, and no letter is lost', (language, code, kind, coloured) => {
  const pieces = highlight(code, language) ?? [];
  expect(pieces.map(({ text }) => text).join('')).toBe(code);
  expect(pieces.find((piece) => piece.kind === kind)?.text).toContain(coloured.replace(/^"|"$/g, ''));
});

test('an unknown language has no colours', () => {
  expect(highlight('a', 'klingon')).toBeUndefined();
  expect(highlight('a', '')).toBeUndefined();
});
