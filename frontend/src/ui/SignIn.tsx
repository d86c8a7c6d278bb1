import { explain } from '@parley/client/api/errors';
import type { ClientConfig } from '@parley/client/api/types';
import { isolate } from '@parley/contract/direction';
import { isBlank } from '@parley/contract/visible';
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import type { Cognito } from '../auth/cognito.ts';
import { CognitoError } from '../auth/cognito-errors.ts';
import { handleProblem } from '../auth/handle.ts';
import { passwordHint, passwordProblem } from '../auth/password.ts';
import { Brand } from './components/Brand.tsx';
import { Button } from './components/Button.tsx';
import { Field } from './components/Field.tsx';
import { type HandleCheck, HandleField } from './HandleField.tsx';
import './SignIn.css';

type Step = 'sign-in' | 'sign-up' | 'confirm' | 'forgot' | 'reset';
type Props = {
  cognito: Cognito;
  config: ClientConfig;
  /** A notice for people who come from a conversation. */
  farewell: string;
  checkHandle: HandleCheck;
  onSignIn(email: string, password: string): Promise<void>;
};

const titles: Record<Step, string> = {
  'sign-in': 'Sign in',
  'sign-up': 'Create an account',
  confirm: 'Confirm your e-mail address',
  forgot: 'Forgot your password?',
  reset: 'Choose a new password',
};
const submitNames: Record<Step, string> = {
  'sign-in': 'Sign in',
  'sign-up': 'Create account',
  confirm: 'Confirm',
  forgot: 'Send a code',
  reset: 'Save and sign in',
};
const blank = { email: '', password: '', handle: '', name: '', code: '' };

export function SignIn({ cognito, config, farewell, checkHandle, onSignIn }: Props) {
  const [step, setStep] = useState<Step>('sign-in');
  const [values, setValues] = useState(blank);
  const [error, setError] = useState('');
  const [notice, setNotice] = useState('');
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const { email, password, code, handle, name } = values;
  const set = (changes: Partial<typeof values>) => setValues((known) => ({ ...known, ...changes }));
  const field = (key: keyof typeof values) => ({
    value: values[key],
    onChange: (value: string) => set({ [key]: value }),
  });
  /** Shown by a sign-in that sends no mail. */
  const isLocal = config.development_code !== undefined;
  // Screen readers announce changes, not what was already there.
  useEffect(() => setNotice(farewell), [farewell]);

  /** A password is kept only for the step where it was typed, and for the confirmation that follows it. */
  function move(next: Step, text = '') {
    setStep(next);
    setNotice(text);
    setError('');
    set(next === 'confirm' ? { code: '' } : { code: '', password: '' });
  }

  const isFirst = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the button that led here is gone, and the focus with it
  useEffect(() => {
    const fields = [...(form.current?.querySelectorAll('input') ?? [])];
    if (!isFirst.current) (fields.find(({ value }) => value === '') ?? fields[0])?.focus();
    isFirst.current = false;
  }, [step]);

  async function checkPassword() {
    const problem = passwordProblem(password, config.password_policy);
    if (problem) throw new Error(problem);
  }

  async function checkWantedHandle() {
    const problem = handleProblem(handle);
    if (problem) throw new Error(problem);
    if (!(await checkHandle(handle, AbortSignal.timeout(15_000))))
      throw new Error(`@${handle} is taken. Choose another handle.`);
  }

  const actions: Record<Step, () => Promise<void>> = {
    async 'sign-in'() {
      try {
        await onSignIn(email, password);
      } catch (failure) {
        if (!(failure instanceof CognitoError) || failure.code !== 'UserNotConfirmedException') throw failure;
        move('confirm', failure.message);
      }
    },
    async 'sign-up'() {
      if (isBlank(name)) throw new Error('A name is needed.');
      await checkPassword();
      await checkWantedHandle();
      await cognito.signUp({ email, password, handle, name: name.trim() });
      move('confirm', isLocal ? '' : `We sent a code to ${isolate(email)}.`);
    },
    async confirm() {
      await cognito.confirm(email, code.trim());
      if (password) await onSignIn(email, password);
      else move('sign-in', 'Confirmed. You can sign in now.');
    },
    async forgot() {
      await cognito.forgotPassword(email);
      move(
        'reset',
        `If ${isolate(email)} has an account, ${isLocal ? 'sign in with this code and a new password' : 'a code was sent to it'}.`,
      );
    },
    async reset() {
      await checkPassword();
      await cognito.resetPassword(email, code.trim(), password);
      await onSignIn(email, password);
    },
  };

  async function attempt(work: () => Promise<unknown>) {
    setBusy(true);
    setError('');
    try {
      await work();
    } catch (failure) {
      setError(explain(failure));
    } finally {
      setBusy(false);
    }
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!isBusy) void attempt(actions[step]);
  }

  async function sendAgain() {
    if (step === 'reset') await cognito.forgotPassword(email);
    else await cognito.resendCode(email);
    setNotice(
      `If ${isolate(email)} waits for a code, ${isLocal ? 'it is still the same' : 'another one was sent'}.`,
    );
  }

  const emailField = <Field label="E-mail" type="email" autoComplete="email" {...field('email')} />;
  const codeField = (
    <Field
      label="Code"
      inputMode="numeric"
      autoComplete="one-time-code"
      hint={
        config.development_code && `No mail is sent from this machine: the code is ${config.development_code}`
      }
      {...field('code')}
    />
  );
  const newPassword = (
    <Field
      label="Password"
      type="password"
      autoComplete="new-password"
      hint={passwordHint(config.password_policy)}
      {...field('password')}
    />
  );
  const fields: Record<Step, ReactNode> = {
    'sign-in': (
      <>
        {emailField}
        <Field label="Password" type="password" autoComplete="current-password" {...field('password')} />
      </>
    ),
    'sign-up': (
      <>
        <Field
          label="Name"
          autoComplete="name"
          maxLength={config.limits.display_name_max_chars}
          {...field('name')}
        />
        <HandleField name={name} check={checkHandle} {...field('handle')} />
        {emailField}
        {newPassword}
      </>
    ),
    confirm: (
      <>
        {emailField}
        {codeField}
      </>
    ),
    forgot: emailField,
    reset: (
      <>
        {codeField}
        {newPassword}
      </>
    ),
  };

  return (
    <main className="centre">
      <form ref={form} className="sign-in" onSubmit={submit} aria-labelledby="sign-in-title">
        <Brand />
        <h1 id="sign-in-title">{titles[step]}</h1>
        <p role="status">{notice}</p>
        <div className="fields" key={step}>
          {fields[step]}
        </div>
        <p role="alert" className="error">
          {error}
        </p>
        <Button type="submit" kind="primary" aria-disabled={isBusy}>
          {isBusy ? 'One moment …' : submitNames[step]}
        </Button>
        <p className="links">
          {step === 'sign-in' && (
            <>
              <Button kind="link" onClick={() => move('sign-up')}>
                Create an account
              </Button>
              <Button kind="link" onClick={() => move('forgot')}>
                Forgot password
              </Button>
            </>
          )}
          {(step === 'confirm' || step === 'reset') && (
            <Button kind="link" onClick={() => void attempt(sendAgain)}>
              Send the code again
            </Button>
          )}
          {step !== 'sign-in' && (
            <Button kind="link" onClick={() => move('sign-in')}>
              Back to sign-in
            </Button>
          )}
        </p>
      </form>
    </main>
  );
}
