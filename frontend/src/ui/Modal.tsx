import { type ReactNode, useEffect, useId, useRef } from 'react';

/** A dialog of the browser: it keeps the focus, closes with Escape, and gives the focus back. */
export function Modal({ title, onClose, children }: { title: string; onClose(): void; children: ReactNode }) {
  const id = useId();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={id}
      // The event comes late: in development the dialog was shown again by then.
      onClose={() => element.current?.open || onClose()}
    >
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" className="icon" aria-label="Close" onClick={onClose}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  );
}
