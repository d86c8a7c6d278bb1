import type { Chat } from '@parley/client/sync/chat';
import { isolate } from '@parley/contract/direction';
import { isBlank } from '@parley/contract/visible';
import { ArrowUp } from 'lucide';
import { type FormEvent, type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { pageLocale } from '../text/locale.ts';
import './Composer.css';
import { IconButton } from './components/Button.tsx';
import { isOfInputMethod } from './keys.ts';

type Props = { chat: Chat; to: string; maxChars: number; title: string; onSend(text: string): void };

/** The counter appears when at most this many characters are left. */
const countFrom = 200;
const count = (chars: number) => `${chars.toLocaleString(pageLocale)} character${chars === 1 ? '' : 's'}`;

export function Composer({ chat, to, maxChars, title, onSend }: Props) {
  const [text, setText] = useState(() => chat.drafts.of(to));
  const area = useRef<HTMLTextAreaElement>(null);
  const left = maxChars - text.length;
  const isEmpty = isBlank(text);
  /** The reason why the last Enter sent nothing. */
  const [refusal, setRefusal] = useState('');

  useEffect(() => {
    const element = area.current;
    // Writing continues at the end of a draft.
    element?.setSelectionRange(element.value.length, element.value.length);
    // An on-screen keyboard would cover the messages.
    if (window.matchMedia('(pointer: fine)').matches) element?.focus();
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => {
    const element = area.current;
    const form = element?.form;
    if (!element || !form) return;
    // The field is small while it is measured. The list above must not grow meanwhile and lose its end.
    form.style.minHeight = `${form.offsetHeight}px`;
    element.style.height = 'auto';
    element.style.height = `${Math.min(element.scrollHeight, 180)}px`;
    form.style.minHeight = '';
  }, [text]);

  function write(next: string) {
    setText(next);
    setRefusal('');
    chat.drafts.save(to, next);
    if (next !== '' && !to.startsWith('@')) chat.type(to);
  }

  function send(event?: FormEvent) {
    event?.preventDefault();
    if (isEmpty) return;
    if (left < 0) return setRefusal(`Not sent: ${count(-left)} too many. Shorten it, or send it in parts.`);
    onSend(text);
    write('');
    area.current?.focus();
  }

  function onKey(event: KeyboardEvent) {
    if (event.key === 'Enter' && !event.shiftKey && !isOfInputMethod(event.nativeEvent)) {
      event.preventDefault();
      send();
    }
  }

  return (
    <form className="composer" onSubmit={send}>
      <div className="composer-line">
        <textarea
          ref={area}
          rows={1}
          value={text}
          placeholder={title ? `Message ${isolate(title)}` : 'Message'}
          aria-label={`Message to ${isolate(title)}`}
          aria-describedby="composer-count composer-refusal"
          aria-invalid={left < 0}
          dir="auto"
          enterKeyHint="send"
          onChange={(event) => write(event.target.value)}
          onKeyDown={onKey}
        />
        <IconButton
          type="submit"
          className="send"
          icon={ArrowUp}
          label="Send"
          title="Send (Enter)"
          disabled={isEmpty}
        />
      </div>
      <p id="composer-refusal" className="composer-hint bad" role="alert">
        {refusal}
      </p>
      <p id="composer-count" className={left < 0 ? 'composer-hint bad' : 'composer-hint'}>
        {!refusal && left <= countFrom && (left < 0 ? `${count(-left)} too many` : `${count(left)} left`)}
      </p>
      <span className="unseen" role="status">
        {/* Otherwise a screen reader announces it after each letter. */}
        {left < 0 ? 'Too long to send' : ''}
      </span>
    </form>
  );
}
