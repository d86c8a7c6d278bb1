import { Check, Copy } from 'lucide';
import { useEffect, useState } from 'react';
import type { Coloured } from '../text/highlight.ts';
import './CodeBlock.css';
import { Icon } from './components/Icon.tsx';

const saidMs = 2_000;

/** Code as typed, with a copy button. The colours appear when the highlighter is loaded. */
export function CodeBlock({
  language,
  meta,
  text,
}: {
  language: string;
  meta?: string | undefined;
  text: string;
}) {
  const pieces = useColours(language, text);
  return (
    <div className="code">
      <div className="code-head">
        <bdi className="code-title">{[language, meta].filter(Boolean).join(' ') || 'Code'}</bdi>
        <CopyButton text={text} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long line scrolls, with the keyboard too */}
      <pre tabIndex={0}>
        <code>
          {pieces?.map(({ text, kind }, index) =>
            kind === undefined ? (
              text
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a code never change their order
              <span key={index} className={`code-${kind}`}>
                {text}
              </span>
            ),
          ) ?? text}
        </code>
      </pre>
    </div>
  );
}

function useColours(language: string, text: string): Coloured[] | undefined {
  const [colours, setColours] = useState<{ of: string; pieces: Coloured[] | undefined }>();
  useEffect(() => {
    if (language === '') return;
    let isGone = false;
    import('../text/highlight.ts').then(
      ({ highlight }) => isGone || setColours({ of: text, pieces: highlight(text, language) }),
      // Probably offline. Code is readable without colours.
      () => {},
    );
    return () => {
      isGone = true;
    };
  }, [language, text]);
  return colours?.of === text ? colours.pieces : undefined;
}

function CopyButton({ text }: { text: string }) {
  const [said, setSaid] = useState<'Copied' | 'Could not copy'>();
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(undefined), saidMs);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setSaid('Copied'),
      () => setSaid('Could not copy'),
    );
  return (
    <button type="button" className="code-copy" onClick={() => void copy()}>
      <Icon of={said === 'Copied' ? Check : Copy} small />
      <span aria-live="polite">{said ?? 'Copy'}</span>
    </button>
  );
}
