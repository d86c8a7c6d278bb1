import { type FormEvent, type ReactNode, useEffect, useId, useState } from 'react';
import { explain } from '../api/errors.ts';
import type { ClientConfig } from '../api/types.ts';
import { type Cognito, CognitoError } from '../auth/cognito.ts';

type Step = 'sign-in' | 'sign-up' | 'confirm' | 'forgot' | 'reset';
type Props = {
  cognito: Cognito;
  config: ClientConfig;
  /** What those who come from a conversation should know. */
  farewell: string;
  onSignIn(email: string, password: string): Promise<void>;
};

const titles: Record<Step, string> = {
  'sign-in': 'Sign in',
  'sign-up': 'Create an account',
  confirm: 'Confirm your e-mail address',
  forgot: 'Forgot your password?',
  reset: 'Choose a new password',
};

export function SignIn({ cognito, config, farewell, onSignIn }: Props) {
  const [step, setStep] = useState<Step>('sign-in');
  const [values, setValues] = useState({ email: '', password: '', handle: '', name: '', code: '' });
  const [error, setError] = useState('');
  const [notice, setNotice] = useState('');
  const [isBusy, setBusy] = useState(false);
  const field = (name: keyof typeof values) => ({
    value: values[name],
    onChange: (value: string) => setValues((known) => ({ ...known, [name]: value })),
  });
  const { email, password, code } = values;
  // Screen readers are told of what changes, not of what was there.
  useEffect(() => setNotice(farewell), [farewell]);

  function move(next: Step, text = '') {
    setStep(next);
    setNotice(text);
    setError('');
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
      await cognito.signUp({ email, password, handle: values.handle, name: values.name });
      move('confirm', `We sent a code to ${email}.`);
    },
    async confirm() {
      await cognito.confirm(email, code.trim());
      setValues((known) => ({ ...known, code: '' }));
      if (password) await onSignIn(email, password);
      else move('sign-in', 'Confirmed. You can sign in now.');
    },
    async forgot() {
      await cognito.forgotPassword(email);
      setValues((known) => ({ ...known, password: '', code: '' }));
      move('reset', `We sent a code to ${email}.`);
    },
    async reset() {
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
    void attempt(actions[step]);
  }

  const emailField = <Field label="E-mail" type="email" autoComplete="email" {...field('email')} />;
  const codeField = (
    <Field label="Code" inputMode="numeric" autoComplete="one-time-code" {...field('code')} />
  );
  const newPassword = (
    <Field
      label="Password"
      type="password"
      autoComplete="new-password"
      hint="At least 8 characters, with upper and lower case, a digit and a symbol"
      {...field('password')}
    />
  );

  return (
    <main className="centre">
      <form className="card" onSubmit={submit} aria-labelledby="sign-in-title" key={step}>
        <p className="brand">
          <img src="/icon.svg" alt="" width="28" height="28" /> Parley
        </p>
        <h1 id="sign-in-title">{titles[step]}</h1>
        <p role="status">{notice}</p>
        {step === 'sign-in' && (
          <>
            {emailField}
            <Field label="Password" type="password" autoComplete="current-password" {...field('password')} />
          </>
        )}
        {step === 'sign-up' && (
          <>
            <Field
              label="Name"
              autoComplete="name"
              maxLength={config.limits.display_name_max_chars}
              {...field('name')}
            />
            <Field
              label="Handle"
              autoComplete="username"
              hint="How others find you: letters, digits, _ and -"
              {...field('handle')}
            />
            {emailField}
            {newPassword}
          </>
        )}
        {step === 'confirm' && (
          <>
            {emailField}
            {codeField}
          </>
        )}
        {step === 'forgot' && emailField}
        {step === 'reset' && (
          <>
            {codeField}
            {newPassword}
          </>
        )}
        <p role="alert" className="error">
          {error}
        </p>
        <button type="submit" className="primary" disabled={isBusy}>
          {isBusy ? 'One moment …' : submitNames[step]}
        </button>
        <p className="links">
          {step === 'sign-in' && (
            <>
              <TextButton onClick={() => move('sign-up')}>Create an account</TextButton>
              <TextButton onClick={() => move('forgot')}>Forgot password</TextButton>
            </>
          )}
          {step === 'confirm' && (
            <TextButton
              onClick={() =>
                void attempt(async () => {
                  await cognito.resendCode(email);
                  setNotice(`We sent another code to ${email}.`);
                })
              }
            >
              Send the code again
            </TextButton>
          )}
          {step !== 'sign-in' && <TextButton onClick={() => move('sign-in')}>Back to sign-in</TextButton>}
        </p>
      </form>
    </main>
  );
}

const submitNames: Record<Step, string> = {
  'sign-in': 'Sign in',
  'sign-up': 'Create account',
  confirm: 'Confirm',
  forgot: 'Send a code',
  reset: 'Save and sign in',
};

const TextButton = ({ onClick, children }: { onClick(): void; children: ReactNode }) => (
  <button type="button" className="text" onClick={onClick}>
    {children}
  </button>
);

type FieldProps = {
  label: string;
  value: string;
  onChange(value: string): void;
  type?: string;
  hint?: string;
  autoComplete?: string;
  inputMode?: 'numeric';
  maxLength?: number;
};

function Field({ label, hint, onChange, ...input }: FieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        required
        autoCapitalize="none"
        spellCheck={false}
        aria-describedby={hint && `${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
        {...input}
      />
      {hint && (
        <span className="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
}
