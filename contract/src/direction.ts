/** Characters of the right-to-left blocks, and those that set a direction. */
const turning =
  /[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefe\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
/** Any of these ends every isolate before it, or the line. */
const breaks = /[\p{Cc}\u2028\u2029]/gu;
const [firstStrongIsolate, popIsolate] = ['\u2068', '\u2069'];

/**
 * A person's text as part of a line of plain text: on one line, and between FSI and PDI where it could turn the
 * direction of what stands beside it. Inside it every isolate is closed, so that none reaches beyond its end.
 */
export function isolate(text: string): string {
  const line = text.replace(breaks, ' ');
  return turning.test(line) ? `${firstStrongIsolate}${balanced(line)}${popIsolate}` : line;
}

function balanced(line: string): string {
  let open = 0;
  let kept = '';
  for (const char of line) {
    if (char === popIsolate && open === 0) continue;
    if (char === popIsolate) open -= 1;
    else if (char >= '\u2066' && char <= '\u2068') open += 1;
    kept += char;
  }
  return kept + popIsolate.repeat(open);
}
