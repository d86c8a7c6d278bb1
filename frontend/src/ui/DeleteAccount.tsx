import { explain } from '@parley/client/api/errors';
import { type FormEvent, useId, useState } from 'react';
import { CognitoError } from '../auth/cognito-errors.ts';
import { Button } from './components/Button.tsx';
import { Dialog } from './components/Dialog.tsx';
import { Field } from './components/Field.tsx';
import { go, pathOf } from './router.ts';

type Props = { handle: string; onDelete(password: string): Promise<void>; onClose(): void };

/** Asks for the handle, against mistakes, and for the password, because the server demands a fresh sign-in. */
export function DeleteAccount({ handle, onDelete, onClose }: Props) {
  const id = useId();
  const [typed, setTyped] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState('');
  const [isBusy, setBusy] = useState(false);
  const isSure = typed.trim().replace(/^@/, '') === handle;

  async function remove(event: FormEvent) {
    event.preventDefault();
    if (!isSure || isBusy) return;
    setBusy(true);
    setError('');
    try {
      await onDelete(password);
      go(pathOf.inbox(), { replace: true });
    } catch (failure) {
      // Without the password no request was sent.
      const isUnasked = failure instanceof CognitoError;
      setError(isUnasked ? failure.message : `The deletion was not confirmed. ${explain(failure)}`);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Dialog title="Delete your account?" describedBy={id} isBusy={isBusy} onClose={onClose}>
      <form onSubmit={remove}>
        <p id={id}>
          Your name and everything you wrote disappear for everybody, you leave your groups, and nobody can
          have your handle again. <strong>This cannot be undone.</strong> Download your data first if you want
          to keep it.
        </p>
        <Field
          label="Your handle"
          type="text"
          autoComplete="off"
          hint={
            <>
              Type{' '}
              <strong>
                <bdi>{handle}</bdi>
              </strong>{' '}
              to confirm
            </>
          }
          isFirst
          readOnly={isBusy}
          value={typed}
          onChange={setTyped}
        />
        <Field
          label="Your password"
          type="password"
          autoComplete="current-password"
          readOnly={isBusy}
          value={password}
          onChange={setPassword}
        />
        <p role="alert" className="error">
          {error}
        </p>
        <div className="ends">
          <Button disabled={isBusy} onClick={onClose}>
            Keep it
          </Button>
          <Button type="submit" kind="danger" disabled={!isSure || password === ''} aria-disabled={isBusy}>
            {isBusy ? 'Deleting …' : 'Delete my account'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
