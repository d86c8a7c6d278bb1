/** Whether a text may hold marks of `markdown.ts`. The parser is loaded if it does. */
export const mayHaveMarks = (text: string) =>
  /\*[^\s*]|_[^\s_]|~~|`/.test(text) || /^ {0,3}(?:>|~~~|[-+*](?: |$)|\d{1,9}[.)](?: |$))/m.test(text);

const emoji =
  /^(?:(?!\p{Regional_Indicator})\p{Emoji_Presentation}|\p{Extended_Pictographic}.*\ufe0f|\p{Regional_Indicator}{2}|[\d#*]\ufe0f?\u20e3)/u;
const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
const mostUnits = 100;
const mostEmoji = 3;

/** Whether a text is one to three emoji and nothing else: it is shown big. */
export function isFewEmoji(text: string): boolean {
  if (text.length > mostUnits) return false;
  const graphemes = [...segmenter.segment(text.replace(/\s/g, ''))].map(({ segment }) => segment);
  return graphemes.length > 0 && graphemes.length <= mostEmoji && graphemes.every((each) => emoji.test(each));
}
