import { useEffect, useRef, useState } from 'react';
import { alternativesTo, handleOf, handleProblem } from '../auth/handle.ts';
import { Button } from './components/Button.tsx';
import { Field } from './components/Field.tsx';

export type HandleCheck = (handle: string, signal: AbortSignal) => Promise<boolean>;
type Props = { value: string; name: string; check: HandleCheck; onChange(value: string): void };
type Finding = { of: string; state: 'available' | 'taken' | 'unknown'; suggestion?: string | undefined };

const checkAfterMs = 300;

/** Checks during typing whether a handle is available, and offers one that is. */
export function HandleField({ value, name, check, onChange }: Props) {
  const [finding, setFinding] = useState<Finding>();
  const place = useRef<HTMLDivElement>(null);
  const problem = value === '' ? '' : handleProblem(value);
  // Without a handle, the offered one derives from the name.
  const subject = value || handleOf(name);

  useEffect(() => {
    if (subject === '') return;
    const controller = new AbortController();
    const { signal } = controller;
    const timer = setTimeout(async () => {
      try {
        const found = await look(value, name, (handle) => check(handle, signal));
        setFinding({ of: subject, ...found });
      } catch {
        if (!signal.aborted) setFinding({ of: subject, state: 'unknown' });
      }
    }, checkAfterMs);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [value, name, subject, check]);

  const now = finding?.of === subject ? finding : undefined;
  const isTaken = value !== '' && !problem && now?.state === 'taken';
  function accept(handle: string) {
    onChange(handle);
    // The button disappears, so the focus must move first.
    place.current?.querySelector('input')?.focus();
  }

  return (
    <div className="fields" ref={place}>
      <Field
        label="Handle"
        autoComplete="username"
        hint="How others find you: letters from a to z, digits, _ . and -"
        value={value}
        problem={problem || (isTaken ? `@${value} is taken.` : '')}
        status={value === '' ? '' : textOf(value, now)}
        onChange={(text) => onChange(text.trim().replace(/^@/, ''))}
      />
      {now?.suggestion && now.suggestion !== value && (
        <Button kind="link" onClick={() => accept(now.suggestion ?? '')}>
          Use @{now.suggestion}
        </Button>
      )}
    </div>
  );
}

function textOf(value: string, finding: Finding | undefined) {
  if (!finding) return `Looking whether @${value} can be had …`;
  if (finding.state === 'available') return `@${value} is available.`;
  return 'Whether it can be had is asked when you create the account.';
}

async function look(value: string, name: string, isFree: (handle: string) => Promise<boolean>) {
  const isPossible = value !== '' && handleProblem(value) === '';
  if (isPossible && (await isFree(value))) return { state: 'available' } as const;
  const candidates = isPossible ? alternativesTo(value, name) : [handleOf(value), handleOf(name)];
  for (const candidate of new Set(candidates)) {
    if (candidate !== '' && (await isFree(candidate)))
      return { state: 'taken', suggestion: candidate } as const;
  }
  return { state: 'taken' } as const;
}
