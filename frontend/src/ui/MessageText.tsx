import type { Block, Inline } from '@parley/contract/markdown';
import { isFewEmoji } from '@parley/contract/marks';
import { formatting } from '../text/formatting.ts';
import { CodeBlock } from './CodeBlock.tsx';
import { LinkedText } from './LinkedText.tsx';
import './MessageText.css';
import { useSignal } from './use-signal.ts';

/** The text of a message, formatted or as typed. A message of a few emoji is big. */
export function MessageText({ text }: { text: string }) {
  useSignal(formatting.signal);
  const blocks = formatting.blocksOf(text);
  if (blocks)
    return (
      <div className="text formatted">
        <Blocks of={blocks} />
      </div>
    );
  return (
    <p className={isFewEmoji(text) ? 'text big' : 'text'} dir="auto">
      <LinkedText text={text} />
    </p>
  );
}

/* The parts of a text never change their order. */
const Blocks = ({ of }: { of: readonly Block[] }) =>
  of.map((block, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: see above
    <OneBlock key={index} block={block} />
  ));

function OneBlock({ block }: { block: Block }) {
  switch (block.kind) {
    case 'paragraph':
      return (
        <p dir="auto">
          <Inlines of={block.children} />
        </p>
      );
    case 'code':
      return <CodeBlock language={block.language} meta={block.meta} text={block.text} />;
    case 'quote':
      return (
        <blockquote dir="auto">
          <Blocks of={block.children} />
        </blockquote>
      );
    case 'list':
      return <List block={block} />;
  }
}

function List({ block: { start, items } }: { block: Block & { kind: 'list' } }) {
  const shown = items.map((item, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: see above
    <li key={index}>
      <Blocks of={item} />
    </li>
  ));
  if (start === null) return <ul dir="auto">{shown}</ul>;
  return (
    <ol dir="auto" start={start}>
      {shown}
    </ol>
  );
}

const Inlines = ({ of }: { of: readonly Inline[] }) =>
  of.map((inline, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: see above
    <OneInline key={index} inline={inline} />
  ));

function OneInline({ inline }: { inline: Inline }) {
  switch (inline.kind) {
    case 'text':
      return <LinkedText text={inline.text} />;
    case 'code':
      return <code dir="ltr">{inline.text}</code>;
    case 'strong':
      return (
        <strong>
          <Inlines of={inline.children} />
        </strong>
      );
    case 'emphasis':
      return (
        <em>
          <Inlines of={inline.children} />
        </em>
      );
    case 'strike':
      return (
        <del>
          <Inlines of={inline.children} />
        </del>
      );
  }
}
