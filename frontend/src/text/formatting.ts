import type { KeyValueStorage } from '@parley/client/storage';
import { createSignal } from '@parley/client/sync/signal';
import type { Block } from '@parley/contract/markdown';
import { mayHaveMarks } from '@parley/contract/marks';
import { browserStorage } from '../storage.ts';
import { linkRanges } from './links.ts';

type Parser = typeof import('@parley/contract/markdown');
type Storage = Pick<KeyValueStorage, 'get' | 'set'>;

export const storageKey = 'parley.formatting';
const mostKept = 500;
/** Longer than what any row shows. */
const mostPreviewed = 500;

/**
 * Formats messages, unless the person switched that off in this browser. The parser is loaded when the first text needs
 * it. Until then texts are plain.
 */
export function createFormatting(storage: Storage, load: () => Promise<Parser>) {
  const signal = createSignal();
  const kept = new Map<string, Block[]>();
  let parser: Parser | undefined;
  let isLoading = false;
  let isOn = storage.get(storageKey) !== 'off';

  function start() {
    if (isLoading) return;
    isLoading = true;
    void load().then(
      (loaded) => {
        parser = loaded;
        signal.change();
      },
      () => {
        // Probably offline. The next text tries again.
        isLoading = false;
      },
    );
  }

  /** Undefined if the text is shown as typed. */
  function blocksOf(text: string): Block[] | undefined {
    if (!isOn || !mayHaveMarks(text)) return undefined;
    if (!parser) {
      start();
      return undefined;
    }
    const known = kept.get(text) ?? parser.parseMarkdown(text, linkRanges(text));
    kept.delete(text);
    kept.set(text, known);
    for (const oldest of kept.keys()) {
      if (kept.size <= mostKept) break;
      kept.delete(oldest);
    }
    return known;
  }

  /** One line without marks. */
  function plain(text: string): string {
    const blocks = blocksOf(text);
    return (blocks && parser?.plainText(blocks)) ?? text;
  }

  function apply() {
    isOn = storage.get(storageKey) !== 'off';
    signal.change();
  }

  return {
    signal,
    isOn: () => isOn,
    /** Reads the storage again after another tab has changed it. */
    apply,
    change(next: boolean) {
      storage.set(storageKey, next ? 'on' : 'off');
      apply();
    },
    blocksOf,
    plain,
    /** `plain` for the beginning of a text, because an inbox parses many texts at once, and hostile ones are slow. */
    preview: (text: string) => plain(text.slice(0, mostPreviewed)),
  };
}

export const formatting = createFormatting(browserStorage, () => import('@parley/contract/markdown'));
