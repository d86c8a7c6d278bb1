import { type ReactNode, useId } from 'react';
import './Field.css';

type Props = {
  label: string;
  value: string;
  onChange(value: string): void;
  type?: string;
  hint?: ReactNode;
  /** The error text. */
  problem?: string | undefined;
  /** Announced to screen readers when it changes. */
  status?: ReactNode;
  autoComplete?: string;
  inputMode?: 'numeric';
  maxLength?: number;
  readOnly?: boolean;
  /** The text is prose: it is spell-checked and begins with a capital. */
  isProse?: boolean;
  /** Gets the focus when its dialog opens. */
  isFirst?: boolean;
};

/** A text field with its label, hint and error. */
export function Field({ label, hint, problem, status, isFirst, isProse = false, onChange, ...input }: Props) {
  const id = useId();
  const described = [hint && `${id}-hint`, (problem || status) && `${id}-status`].filter(Boolean);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        data-focus={isFirst || undefined}
        required
        autoCapitalize={isProse ? 'sentences' : 'none'}
        spellCheck={isProse}
        aria-describedby={described.join(' ') || undefined}
        aria-invalid={problem ? true : undefined}
        onChange={(event) => onChange(event.target.value)}
        {...input}
      />
      {hint && (
        <span className="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {status !== undefined && (
        <div className={problem ? 'hint error' : 'hint'} id={`${id}-status`} role="status">
          {problem || status}
        </div>
      )}
    </div>
  );
}
