/** Characters of right-to-left scripts, and controls of direction. */
const changesDirection =
  /[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefe\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
/** Each of these ends the line or all open isolates. */
const breaks = /[\p{Cc}\u2028\u2029]/gu;
const [firstStrongIsolate, popIsolate] = ['\u2068', '\u2069'];

/**
 * Prepares a person's text for use within a line of plain text. Line breaks become spaces. A text that could change the
 * direction of its neighbours is put between FSI and PDI, and isolates that are open within it are closed.
 */
export function isolate(text: string): string {
  const line = text.replace(breaks, ' ');
  return changesDirection.test(line) ? `${firstStrongIsolate}${balanced(line)}${popIsolate}` : line;
}

function balanced(line: string): string {
  let open = 0;
  let closed = '';
  for (const char of line) {
    if (char === popIsolate && open === 0) continue;
    if (char === popIsolate) open -= 1;
    else if (char >= '\u2066' && char <= '\u2068') open += 1;
    closed += char;
  }
  return closed + popIsolate.repeat(open);
}
