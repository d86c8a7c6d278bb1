import { isBlank } from '@parley/contract/visible';
import { LinkifyIt } from 'linkify-it';

/** A piece of a text. A link has a `host` if it leads to another server than the text shows. */
export type Part = { text: string; href?: string; host?: string };

const linkifier = new LinkifyIt({ fuzzyLink: true, fuzzyEmail: false });
for (const scheme of ['ftp:', '//']) linkifier.add(scheme, null);

/** Splits a text at its web addresses. http, https, `mailto:` and `www.` become links; everything else stays text. */
export function splitLinks(text: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const { raw, index, lastIndex } of found(text)) {
    const link = isCutBeforeHost(raw, text.slice(lastIndex)) ? undefined : linkOf(raw.replace(emphasis, ''));
    if (!link) continue;
    if (index > end) parts.push({ text: text.slice(end, index) });
    parts.push(link);
    end = index + link.text.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}

/**
 * The ranges of the addresses in a text. A range includes marks that letters follow: if formatting removed them,
 * `https://bank.pa*ypal.example*` would show another address than the link's.
 */
export function linkRanges(text: string): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  let from = 0;
  for (const part of splitLinks(text)) {
    const to = from + part.text.length;
    const [marks = ''] = (part.href && marksBeforeLetters.exec(text.slice(to))) || [];
    if (part.href) ranges.push({ from, to: to + marks.length });
    from = to;
  }
  return ranges;
}

const marksBeforeLetters = /^[*_~`]+(?=[^\s*_~`\p{L}\p{N}]*[\p{L}\p{N}])/u;

/** Without a scheme only `www.` starts an address, because most words with a dot are none. */
const found = (text: string) =>
  /https?:\/\/|mailto:|www\./i.test(text)
    ? (linkifier.match(text) ?? []).filter(({ schema, raw }) => schema !== '' || /^www\./i.test(raw))
    : [];

/** In `https://bank.example@evil.example` the linkifier finds the first name, but a browser goes to the second. */
const isCutBeforeHost = (raw: string, rest: string) =>
  /^(https?:\/\/|www\.)[^/?#]*$/i.test(raw) && /^[^\s/?#\\]*@/.test(rest);

/** Signs that people put around an address to stress it, as in Markdown. */
const emphasis = /[*_~]+$/;
const joiners = ['\u200c', '\u200d', '\ufe0f'];

/** Undefined if the address has invisible characters, such as controls of direction. */
function linkOf(text: string): Part | undefined {
  const address = /^www\./i.test(text) ? `https://${text}` : text;
  if (!URL.canParse(address) || [...text].some((char) => isBlank(char) && !joiners.includes(char))) return;
  const { href, hostname, protocol } = new URL(address);
  if (protocol === 'mailto:') return { text, href };
  const [, written = ''] = /^https?:\/\/(\[[^\]]*\]|[^/?#:]*)/i.exec(address) ?? [];
  return written.toLowerCase() === hostname ? { text, href } : { text, href, host: hostname };
}
