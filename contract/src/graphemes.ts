const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });

/**
 * The beginning of a text, of at most `maxCodePoints`, cut between two graphemes. If the first grapheme is longer, it is
 * cut between two code points, because stores and frames rely on the limit.
 */
export const cut = (text: string, maxCodePoints: number) =>
  text.length <= maxCodePoints ? text : cutAt(text, offsetOf(text, maxCodePoints));

/** The same, but `maxUnits` counts UTF-16 units, as text fields of browsers do. */
export const cutUnits = (text: string, maxUnits: number) => {
  const splitsPair = (text.codePointAt(maxUnits - 1) ?? 0) > 0xffff;
  return cutAt(text, splitsPair ? maxUnits - 1 : maxUnits);
};

function cutAt(text: string, end: number): string {
  if (end >= text.length) return text;
  const start = segmenter.segment(text).containing(end)?.index ?? end;
  return text.slice(0, start || end);
}

/** The offset, in UTF-16 units, of the code point with this number. */
function offsetOf(text: string, codePoint: number): number {
  let offset = 0;
  for (let passed = 0; passed < codePoint && offset < text.length; passed += 1)
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  return offset;
}

/** The first grapheme of a text, which is what a reader calls its first character. */
export function firstGrapheme(text: string): string {
  for (const { segment } of segmenter.segment(text)) return segment;
  return '';
}
