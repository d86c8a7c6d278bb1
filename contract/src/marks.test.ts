import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseMarkdown } from './markdown.ts';
import { isFewEmoji, mayHaveMarks } from './marks.ts';

test.each(['😍', '🥳🪑', '👩‍👩‍👧 🇫🇮 1️⃣', '❤️', '👍🏽', '✋'])('%s is shown big', (text) => {
  expect(isFewEmoji(text)).toBe(true);
});

test.each(['', ' ', 'a😍', '😍😍😍😍', '1', '#', '©', '❤', 'ok', '🇫', '\u200d'])(
  '%j is not shown big',
  (text) => {
    expect(isFewEmoji(text)).toBe(false);
  },
);

test.each(['a*b*', '_a_', '~~a~~', '`a`', '> a', '- a', 'a\n* b', '12) a', '~~~\na'])(
  '%j may have marks',
  (text) => {
    expect(mayHaveMarks(text)).toBe(true);
  },
);

test.each(['a', 'a * b', '3.14', 'a-b', '2 > 1', 'https://example.org/', 'a\n\nb'])('%j has none', (text) => {
  expect(mayHaveMarks(text)).toBe(false);
});

test('a text that may have no marks is one that the parser leaves as it is', () => {
  const pieces = fc.array(fc.constantFrom('a', ' ', '*', '_', '~', '`', '>', '-', '+', '1', '.', ')', '\n'));
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('');
      fc.pre(!mayHaveMarks(text));
      for (const block of parseMarkdown(text)) {
        expect(block.kind).toBe('paragraph');
        if (block.kind === 'paragraph') for (const { kind } of block.children) expect(kind).toBe('text');
      }
    }),
    { numRuns: 2_000 },
  );
});
