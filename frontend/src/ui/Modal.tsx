import { type ReactNode, useEffect, useId, useRef } from 'react';

type Props = {
  title: string;
  /** It stays while its work is under way. */
  isBusy?: boolean;
  onClose(): void;
  children: ReactNode;
};

/** A dialog of the browser: it keeps the focus, closes with Escape, and gives the focus back. */
export function Modal({ title, isBusy = false, onClose, children }: Props) {
  const id = useId();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);

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
      aria-labelledby={id}
      onCancel={(event) => isBusy && event.preventDefault()}
      onClose={close}
    >
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" className="icon" aria-label="Close" disabled={isBusy} onClick={onClose}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  );
}
