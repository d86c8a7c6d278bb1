import { type FormEvent, useEffect, useId, useRef, useState } from 'react';
import { explain } from '../api/errors.ts';
import { Modal } from './Modal.tsx';
import { go, pathOf } from './router.ts';

type Props = { handle: string; onDelete(): Promise<void>; onClose(): void };

/** Asks for the own handle, so that nobody is deleted by a slip. */
export function DeleteAccount({ handle, onDelete, onClose }: Props) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState('');
  const [error, setError] = useState('');
  const [isBusy, setBusy] = useState(false);
  const isSure = typed.trim().replace(/^@/, '') === handle;
  useEffect(() => field.current?.focus(), []);

  async function remove(event: FormEvent) {
    event.preventDefault();
    if (!isSure || isBusy) return;
    setBusy(true);
    setError('');
    try {
      await onDelete();
      go(pathOf.inbox(), { replace: true });
    } catch (failure) {
      setError(`The deletion was not confirmed. ${explain(failure)}`);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Modal title="Delete your account?" isBusy={isBusy} onClose={onClose}>
      <form onSubmit={remove}>
        <p id={`${id}-what`}>
          Your name and everything you wrote disappear for everybody, you leave your groups, and nobody can
          have your handle again. <strong>This cannot be undone.</strong> Download your data first if you want
          to keep it.
        </p>
        <div className="field">
          <label htmlFor={id}>Your handle</label>
          <input
            ref={field}
            id={id}
            type="text"
            required
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            readOnly={isBusy}
            value={typed}
            aria-describedby={`${id}-hint ${id}-what`}
            onChange={(event) => setTyped(event.target.value)}
          />
          <span className="hint" id={`${id}-hint`}>
            Type <strong>{handle}</strong> to confirm
          </span>
        </div>
        <p role="alert" className="error">
          {error}
        </p>
        <button type="submit" className="primary danger" disabled={!isSure} aria-disabled={isBusy}>
          {isBusy ? 'Deleting …' : 'Delete my account'}
        </button>
        <button type="button" className="quiet-button" disabled={isBusy} onClick={onClose}>
          Keep it
        </button>
      </form>
    </Modal>
  );
}
