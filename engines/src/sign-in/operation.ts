import type { Challenges } from './challenges.ts';
import type { CognitoLocal } from './cognito-local.ts';
import { invalidParameter, SignInError } from './errors.ts';
import type { PasswordPolicy } from './password-policy.ts';
import type { Tokens } from './tokens.ts';
import type { UserStore } from './user-store.ts';

export type SignIn = {
  users: UserStore;
  tokens: Tokens;
  challenges: Challenges;
  policy: PasswordPolicy;
  cognitoLocal: CognitoLocal;
  userPoolId: string;
  clientId: string;
  /** The code of every confirmation, because no mail is sent. */
  code: string;
};

export type Request = Record<string, unknown>;
export type Operation = (signIn: SignIn, request: Request) => Promise<object>;

/** A required member. Its error has the text of Cognito's own validation. */
export function text(request: Request, name: string): string {
  const value = request[name];
  if (typeof value === 'string' && value !== '') return value;
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  throw invalidParameter(
    `1 validation error detected: Value at '${member}' failed to satisfy constraint: Member must not be null`,
  );
}

export function texts(request: Request, name: string): Record<string, string> {
  const value = request[name];
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, member]) => typeof member === 'string'));
}

export function parameter(parameters: Record<string, string>, name: string): string {
  const value = parameters[name];
  if (!value) throw invalidParameter(`Missing required parameter ${name}`);
  return value;
}

export function checkClient({ clientId }: SignIn, request: Request) {
  const given = text(request, 'ClientId');
  if (given !== clientId)
    throw new SignInError('ResourceNotFoundException', `User pool client ${given} does not exist.`);
}
