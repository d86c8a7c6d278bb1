import { X } from 'lucide';
import { type MouseEvent, type ReactNode, useEffect, useId, useLayoutEffect, useRef } from 'react';
import { IconButton } from './Button.tsx';
import './Dialog.css';
import { focusSomething } from './focus.ts';

type Props = {
  title: string;
  /** The id of the text that describes the dialog. */
  describedBy?: string;
  /** Cannot be closed while its work is running. */
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
      // The browser may not restore the focus, because the opener may be gone.
      queueMicrotask(() => focusSomething(opener));
    };
  }, []);

  // The element that had the focus may be gone.
  useEffect(() => focusSomething());

  function close() {
    // The event comes late. In development the dialog is open again by then.
    if (element.current?.open) return;
    // Browsers let a second Escape close a dialog that refused the first one.
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

/** A press on the backdrop targets the dialog, as one on its scrollbar does, so the position tells them apart. */
function isBeside({ target, clientX: x, clientY: y }: MouseEvent, dialog: HTMLDialogElement | null) {
  if (!dialog || target !== dialog) return false;
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return x < left || x > right || y < top || y > bottom;
}
