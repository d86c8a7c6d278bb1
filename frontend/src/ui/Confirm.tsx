import { explain } from '@parley/client/api/errors';
import { useId, useState } from 'react';
import { Button } from './components/Button.tsx';
import { Dialog } from './components/Dialog.tsx';

type Props = {
  /** A question with the verb of the button. */
  title: string;
  verb: string;
  /** The consequences. */
  text: string;
  /** Whether something is lost. */
  isDanger?: boolean;
  onConfirm(): Promise<void>;
  onClose(): void;
};

/** Asks before an action that the same button cannot undo. */
export function Confirm({ title, verb, text, isDanger = false, onConfirm, onClose }: Props) {
  const id = useId();
  const [error, setError] = useState('');
  const [isBusy, setBusy] = useState(false);

  async function confirm() {
    if (isBusy) return;
    setBusy(true);
    setError('');
    try {
      await onConfirm();
      onClose();
    } catch (failure) {
      setError(explain(failure));
      setBusy(false);
    }
  }

  return (
    <Dialog title={title} describedBy={id} isBusy={isBusy} onClose={onClose}>
      <p id={id}>{text}</p>
      <p role="alert" className="error">
        {error}
      </p>
      <div className="ends">
        <Button data-focus aria-disabled={isBusy} onClick={() => isBusy || onClose()}>
          Cancel
        </Button>
        <Button kind={isDanger ? 'danger' : 'primary'} aria-disabled={isBusy} onClick={() => void confirm()}>
          {verb}
        </Button>
      </div>
    </Dialog>
  );
}
