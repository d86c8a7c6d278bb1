export type Part = { text: string; href?: string };

const address = /\bhttps?:\/\/[^\s<>"'`]+/gi;

/** Cuts a text at its web addresses. Only http and https become links; everything else stays text. */
export function splitLinks(text: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(address)) {
    const found = trim(match[0]);
    const href = safeHref(found);
    if (!href) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index) });
    parts.push({ text: found, href });
    end = match.index + found.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}

/** A sentence's punctuation is not part of an address; a bracket is where it was opened in it. */
function trim(found: string): string {
  for (;;) {
    const last = found.at(-1) ?? '';
    const isClosing = last === ')' || last === ']';
    if (isClosing && count(found, last === ')' ? '(' : '[') >= count(found, last)) return found;
    if (!isClosing && !/[.,;:!?*_~]/.test(last)) return found;
    found = found.slice(0, -1);
  }
}

const count = (text: string, sign: string) => text.split(sign).length - 1;

function safeHref(text: string): string | undefined {
  try {
    const url = new URL(text);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
  } catch {
    return undefined;
  }
}
