import { formatting } from '../text/formatting.ts';
import { useSignal } from './use-signal.ts';

/** A message in one line, without its marks. */
export function PlainText({ text }: { text: string }) {
  useSignal(formatting.signal);
  return formatting.plain(text);
}
