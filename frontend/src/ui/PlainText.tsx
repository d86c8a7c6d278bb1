import { formatting } from '../text/formatting.ts';
import { useSignal } from './use-signal.ts';

/** The beginning of a message as one line without marks. */
export function PlainText({ text }: { text: string }) {
  useSignal(formatting.signal);
  return formatting.preview(text);
}
