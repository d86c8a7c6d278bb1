import type { PasswordClass } from '@parley/config/config';
import { SignInError } from './errors.ts';

export type PasswordPolicy = { minLength: number; classes: readonly PasswordClass[] };

/** Characters that Cognito counts as symbols. A space counts inside a password. */
const symbol = /[\^$*.[\]{}()?"!@#%&/\\,><':;|_~`=+-]|\S \S/;
const rules: Record<PasswordClass, [pattern: RegExp, complaint: string]> = {
  lowercase: [/\p{Ll}/u, 'Password must have lowercase characters'],
  uppercase: [/\p{Lu}/u, 'Password must have uppercase characters'],
  digit: [/\d/, 'Password must have numeric characters'],
  symbol: [symbol, 'Password must have symbol characters'],
};

/** Throws Cognito's error for the first broken rule. */
export function checkPassword({ minLength, classes }: PasswordPolicy, password: unknown) {
  const text = typeof password === 'string' ? password : '';
  const complaint =
    text.length < minLength
      ? 'Password not long enough'
      : classes.map((name) => rules[name]).find(([pattern]) => !pattern.test(text))?.[1];
  if (complaint)
    throw new SignInError('InvalidPasswordException', `Password did not conform with policy: ${complaint}`);
}
