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
  /** `meta` is what follows the language in its line. */
  | { kind: 'code'; language: string; meta?: string; text: string }
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
  const blocks: Block[] = [];
  const tree: Tree = { text, open: [{ blocks }], inlines: [], code: undefined, span: undefined };
  for (const [phase, { type, start, end }] of events)
    (phase === 'enter' ? entering : exiting)[type]?.(tree, start.offset, end.offset);
  return blocks;
}

/** Of the same length, so that the places in it are those in the text. */
function masked(text: string, untouched: readonly Range[]): string {
  let source = '';
  for (const { from, to } of untouched) source += text.slice(source.length, from) + 'x'.repeat(to - from);
  return (
    (source + text.slice(source.length))
      // The parser would drop a byte order mark.
      .replace(/^\ufeff/, '\u200b')
      // A mark behind a backslash is none, and both show, so that ¯\_(ツ)_/¯ keeps its arms.
      .replace(/\\[*_~]/g, 'xx')
      // 2*3*4 is a product, and a line that begins with a year is no list.
      .replace(/(?<=\d)\*(?=\d)/g, 'x')
      .replace(
        /^( *)(\d{3,})(?=[.)] )/gm,
        (_, indent: string, year: string) => indent + 'x'.repeat(year.length),
      )
  );
}

type Open = { blocks: Block[]; list?: Block & { kind: 'list' } };

/** What is built while the parser's tokens come in their order. */
type Tree = {
  text: string;
  /** The containers that are open, and the message itself. New blocks go into the last one. */
  open: Open[];
  /** The paragraph and the marks in it that are open. */
  inlines: Inline[][];
  code: (Block & { kind: 'code' }) | undefined;
  /** The text of the inline code that is open. */
  span: string | undefined;
};

type Step = (tree: Tree, from: number, to: number) => void;

const entering: Record<string, Step> = {
  paragraph: (tree) => {
    tree.inlines = [[]];
  },
  strong: (tree) => openInline(tree, 'strong'),
  emphasis: (tree) => openInline(tree, 'emphasis'),
  strikethrough: (tree) => openInline(tree, 'strike'),
  data: (tree, from, to) => tree.code || write(tree, tree.text.slice(from, to)),
  codeText: (tree) => {
    tree.span = '';
  },
  codeTextData: (tree, from, to) => {
    tree.span += tree.text.slice(from, to);
  },
  lineEnding: endLine,
  blockQuote: (tree) => openContainer(tree, { kind: 'quote', children: [] }),
  listUnordered: (tree) => openContainer(tree, { kind: 'list', start: null, items: [] }),
  listOrdered: (tree) => openContainer(tree, { kind: 'list', start: 1, items: [] }),
  listItemPrefix: openItem,
  listItemValue: (tree, from, to) => {
    const { list } = last(tree);
    if (list?.items.length === 1) list.start = Number(tree.text.slice(from, to));
  },
  codeFenced: (tree) => {
    tree.code = { kind: 'code', language: '', text: '' };
  },
  codeFencedFenceInfo: (tree, from, to) => {
    if (tree.code) tree.code.language = tree.text.slice(from, to);
  },
  codeFencedFenceMeta: (tree, from, to) => {
    if (tree.code) tree.code.meta = tree.text.slice(from, to);
  },
  codeFlowValue: (tree, from, to) => {
    if (tree.code) tree.code.text += tree.text.slice(from, to);
  },
};

const leave = (tree: Tree) => void tree.open.pop();
const endInline = (tree: Tree) => void tree.inlines.pop();

const exiting: Record<string, Step> = {
  paragraph: (tree) => {
    last(tree).blocks.push({ kind: 'paragraph', children: tree.inlines[0] ?? [] });
    tree.inlines = [];
  },
  strong: endInline,
  emphasis: endInline,
  strikethrough: endInline,
  codeText: (tree) => {
    tree.inlines.at(-1)?.push({ kind: 'code', text: tree.span ?? '' });
    tree.span = undefined;
  },
  blockQuote: leave,
  listUnordered: leave,
  listOrdered: leave,
  codeFenced: (tree) => {
    // The line endings of the fences are not the code's.
    if (tree.code)
      last(tree).blocks.push({ ...tree.code, text: tree.code.text.replace(/^\n/, '').replace(/\n$/, '') });
    tree.code = undefined;
  },
};

const last = ({ open }: Tree): Open => open.at(-1) ?? { blocks: [] };

function write({ inlines }: Tree, piece: string) {
  const children = inlines.at(-1);
  const before = children?.at(-1);
  if (before?.kind === 'text') before.text += piece;
  else children?.push({ kind: 'text', text: piece });
}

function endLine(tree: Tree) {
  if (tree.code) tree.code.text += '\n';
  else if (tree.span !== undefined) tree.span += ' ';
  else if (tree.inlines.length > 0) write(tree, '\n');
}

function openInline({ inlines }: Tree, kind: 'strong' | 'emphasis' | 'strike') {
  const children: Inline[] = [];
  const parent = inlines.at(-1) ?? [];
  const isTooDeep = inlines.length > maxDepth;
  if (!isTooDeep) parent.push({ kind, children });
  inlines.push(isTooDeep ? parent : children);
}

function openContainer(tree: Tree, block: Block & { kind: 'quote' | 'list' }) {
  const { blocks } = last(tree);
  if (tree.open.length > maxDepth) {
    tree.open.push({ blocks });
    return;
  }
  blocks.push(block);
  tree.open.push(block.kind === 'list' ? { blocks: [], list: block } : { blocks: block.children });
}

function openItem(tree: Tree) {
  const container = last(tree);
  if (!container.list) return;
  container.blocks = [];
  container.list.items.push(container.blocks);
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
