import type { ClientConfig } from '@parley/client/api/types';
import { pageLocale } from '../text/locale.ts';

type Policy = ClientConfig['password_policy'];
type PasswordClass = Policy['classes'][number];

/** As Cognito applies its policy: letters and digits are ASCII, and a blank inside counts as a symbol. */
const patterns: Record<PasswordClass, RegExp> = {
  lowercase: /[a-z]/,
  uppercase: /[A-Z]/,
  digit: /[0-9]/,
  symbol: /[\^$*.[\]{}()?"!@#%&/\\,><':;|_~`=+-]|\S \S/,
};
const names: Record<PasswordClass, string> = {
  lowercase: 'a lower-case letter',
  uppercase: 'an upper-case letter',
  digit: 'a digit',
  symbol: 'a symbol',
};
const order = ['lowercase', 'uppercase', 'digit', 'symbol'] as const;
const demanded = ({ classes }: Policy) => order.filter((name) => classes.includes(name));

/** The rules of the user pool as a hint for a new password. */
export function passwordHint(policy: Policy): string {
  const wanted = demanded(policy).map((name) => names[name]);
  return `At least ${policy.min_length} characters${wanted.length > 0 ? `, with ${list(wanted)}` : ''}`;
}

/** The fault of a new password, if any. It is checked before the password leaves the page. */
export function passwordProblem(password: string, policy: Policy): string {
  if (password !== password.trim()) return 'A password neither begins nor ends with a blank.';
  const missing = demanded(policy)
    .filter((name) => !patterns[name].test(password))
    .map((name) => names[name]);
  const lacks = missing.length > 0 ? `lacks ${list(missing)}` : '';
  const short =
    [...password].length < policy.min_length ? `is shorter than ${policy.min_length} characters` : '';
  const wrong = [short, lacks].filter(Boolean).join(' and ');
  return wrong && `The password ${wrong}.`;
}

const list = (parts: string[]) => new Intl.ListFormat(pageLocale, { type: 'conjunction' }).format(parts);
