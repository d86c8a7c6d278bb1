import { parse, postprocess, preprocess } from 'micromark';
import { gfmStrikethrough } from 'micromark-extension-gfm-strikethrough';
import { isBlank } from './visible.ts';

/*
 * The formatting of a message: bold, italic, strike, code, fenced code, quotes and lists, as CommonMark has them (strike as
 * GFM). Nothing else of CommonMark: no HTML, image, heading, rule, escape, entity or link in brackets. Texts are stored
 * and sent as they were typed. decisions/0041-formatting-by-micromark.md
 */

export type Inline =
  | { kind: 'text' | 'code'; text: string }
  | { kind: 'strong' | 'emphasis' | 'strike'; children: Inline[] };

export type Block =
  | { kind: 'paragraph'; children: Inline[] }
  | { kind: 'code'; language: string; text: string }
  | { kind: 'quote'; children: Block[] }
  /** `start` is null for a list without numbers. */
  | { kind: 'list'; start: number | null; items: Block[][] };

/** A piece of a text that is what it is, such as an address: no mark begins or ends in it. */
export type Range = { from: number; to: number };

const disabled = [
  ...['autolink', 'characterEscape', 'characterReference', 'codeIndented', 'definition', 'hardBreakEscape'],
  ...['headingAtx', 'htmlFlow', 'htmlText', 'labelEnd', 'labelStartImage', 'labelStartLink'],
  ...['setextUnderline', 'thematicBreak'],
];
const extensions = [gfmStrikethrough({ singleTilde: false }), { disable: { null: disabled } }];

/** Containers below this depth lose their own form: their content stays. */
const maxDepth = 8;

/** The work grows with the square of the length for texts that are made to hurt. Longer ones stay as they are. */
const maxUnits = 8_000;

/** The blocks of a text. A text of nothing but marks, or a very long one, is a paragraph as it was typed. */
export function parseMarkdown(text: string, untouched: readonly Range[] = []): Block[] {
  const blocks = text.length > maxUnits ? [] : blocksOf(text, untouched);
  return isBlank(plainText(blocks)) ? [{ kind: 'paragraph', children: [{ kind: 'text', text }] }] : blocks;
}

function blocksOf(text: string, untouched: readonly Range[]): Block[] {
  const source = masked(text, untouched);
  const events = postprocess(
    parse({ extensions })
      .document()
      .write(preprocess()(source, undefined, true)),
  );
  const tree = createTree(text);
  for (const [phase, { type, start, end }] of events)
    (phase === 'enter' ? tree.enter : tree.exit)(type, start.offset, end.offset);
  return tree.blocks;
}

/** Of the same length, so that the places in it are those in the text. */
function masked(text: string, untouched: readonly Range[]): string {
  let source = '';
  for (const { from, to } of untouched) source += text.slice(source.length, from) + 'x'.repeat(to - from);
  // The parser would drop a byte order mark.
  return (source + text.slice(source.length)).replace(/^\ufeff/, '\u200b');
}

const inlineKinds = { strong: 'strong', emphasis: 'emphasis', strikethrough: 'strike' } as const;
const isInline = (type: string): type is keyof typeof inlineKinds => Object.hasOwn(inlineKinds, type);

type Open = { blocks: Block[]; list?: Block & { kind: 'list' } };

/** Takes the parser's tokens in their order, and builds the blocks. */
function createTree(text: string) {
  const blocks: Block[] = [];
  const open: Open[] = [{ blocks }];
  let inlines: Inline[][] = [];
  let code: (Block & { kind: 'code' }) | undefined;
  let span: string | undefined;

  const top = () => open.at(-1) ?? { blocks };
  const write = (piece: string) => {
    const children = inlines.at(-1);
    const last = children?.at(-1);
    if (last?.kind === 'text') last.text += piece;
    else children?.push({ kind: 'text', text: piece });
  };

  function pushContainer(block: Block & { kind: 'quote' | 'list' }) {
    const isTooDeep = open.length > maxDepth;
    const parent = top().blocks;
    if (!isTooDeep) parent.push(block);
    if (block.kind === 'list') open.push(isTooDeep ? { blocks: parent } : { blocks: [], list: block });
    else open.push({ blocks: isTooDeep ? parent : block.children });
  }

  function enter(type: string, from: number, to: number) {
    const piece = text.slice(from, to);
    if (type === 'paragraph') inlines = [[]];
    else if (isInline(type)) openInline(inlineKinds[type]);
    else if (type === 'data' && !code) write(piece);
    else if (type === 'codeText') span = '';
    else if (type === 'codeTextData') span = (span ?? '') + piece;
    else if (type === 'lineEnding') endLine();
    else if (type === 'blockQuote') pushContainer({ kind: 'quote', children: [] });
    else if (type === 'listUnordered') pushContainer({ kind: 'list', start: null, items: [] });
    else if (type === 'listOrdered') pushContainer({ kind: 'list', start: 1, items: [] });
    else if (type === 'listItemPrefix') openItem();
    else if (type === 'listItemValue') numberList(Number(piece));
    else if (type === 'codeFenced') code = { kind: 'code', language: '', text: '' };
    else if (type === 'codeFencedFenceInfo' && code) code.language = piece;
    else if (type === 'codeFlowValue' && code) code.text += piece;
  }

  function exit(type: string) {
    if (type === 'paragraph') top().blocks.push({ kind: 'paragraph', children: inlines[0] ?? [] });
    else if (isInline(type)) inlines.pop();
    else if (type === 'codeText') endSpan();
    else if (type === 'blockQuote' || type === 'listOrdered' || type === 'listUnordered') open.pop();
    else if (type === 'codeFenced' && code) {
      top().blocks.push({ ...code, text: code.text.replace(/^\n/, '').replace(/\n$/, '') });
      code = undefined;
    }
    if (type === 'paragraph') inlines = [];
  }

  function openInline(kind: 'strong' | 'emphasis' | 'strike') {
    const children: Inline[] = [];
    const isTooDeep = inlines.length > maxDepth;
    const parent = inlines.at(-1) ?? [];
    if (!isTooDeep) parent.push({ kind, children });
    inlines.push(isTooDeep ? parent : children);
  }

  function endLine() {
    if (code) code.text += '\n';
    else if (span !== undefined) span += ' ';
    else if (inlines.length > 0) write('\n');
  }

  function endSpan() {
    inlines.at(-1)?.push({ kind: 'code', text: span ?? '' });
    span = undefined;
  }

  function openItem() {
    const { list } = top();
    if (!list) return;
    const item: Block[] = [];
    list.items.push(item);
    top().blocks = item;
  }

  function numberList(value: number) {
    const { list } = top();
    if (list?.items.length === 1) list.start = value;
  }

  return { blocks, enter, exit };
}

/** What a preview shows: the text in one line, without marks. */
export const plainText = (blocks: readonly Block[]): string =>
  blocks.map(blockText).filter(Boolean).join(' ');

function blockText(block: Block): string {
  if (block.kind === 'paragraph') return inlineText(block.children);
  if (block.kind === 'code') return block.text;
  if (block.kind === 'quote') return plainText(block.children);
  return plainText(block.items.flat());
}

const inlineText = (children: readonly Inline[]): string =>
  children.map((each) => ('text' in each ? each.text : inlineText(each.children))).join('');
