import { X } from 'lucide';
import { type MouseEvent, type ReactNode, useEffect, useId, useLayoutEffect, useRef } from 'react';
import { IconButton } from './Button.tsx';
import './Dialog.css';
import { focusSomething } from './focus.ts';

type Props = {
  title: string;
  /** The id of the text that says what it is about. */
  describedBy?: string;
  /** It stays while its work is under way. */
  isBusy?: boolean;
  /** Over the middle of the page, or along its end. On a phone both come from below. */
  place?: 'middle' | 'side';
  onClose(): void;
  children: ReactNode;
};

/**
 * A dialog of the browser: it keeps the focus, closes with Escape, and gives the focus back. It begins at the element with
 * `data-focus`, or at its title: never at "Close", where Enter would end what has just begun.
 */
export function Dialog({ title, describedBy, isBusy = false, place = 'middle', onClose, children }: Props) {
  const id = useId();
  const element = useRef<HTMLDialogElement>(null);
  // Its cleanup runs while the dialog is still in the document.
  useLayoutEffect(() => {
    const dialog = element.current;
    const opener = document.activeElement;
    dialog?.showModal();
    const first = dialog?.querySelector<HTMLElement>('[data-focus]') ?? dialog?.querySelector('h2');
    first?.focus();
    return () => {
      dialog?.close();
      // Whatever the browser did: the opener may have gone meanwhile.
      queueMicrotask(() => focusSomething(opener));
    };
  }, []);

  // What had the focus may have gone with what it changed.
  useEffect(() => focusSomething());

  function close() {
    // The event comes late: in development the dialog was shown again by then.
    if (element.current?.open) return;
    // Browsers let a second Escape close what has refused the first.
    if (isBusy) element.current?.showModal();
    else onClose();
  }

  return (
    <dialog
      ref={element}
      className={`dialog ${place}`}
      aria-labelledby={id}
      aria-describedby={describedBy}
      onCancel={(event) => isBusy && event.preventDefault()}
      onClose={close}
      onMouseDown={(event) => !isBusy && isBeside(event, element.current) && onClose()}
    >
      <div className="dialog-body">
        <header className="dialog-head">
          <h2 id={id} tabIndex={-1}>
            <bdi>{title}</bdi>
          </h2>
          <IconButton label="Close" icon={X} disabled={isBusy} onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** A press on the backdrop lands on the dialog itself, as one on its scrollbar does: the place tells them apart. */
function isBeside({ target, clientX: x, clientY: y }: MouseEvent, dialog: HTMLDialogElement | null) {
  if (!dialog || target !== dialog) return false;
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return x < left || x > right || y < top || y > bottom;
}
