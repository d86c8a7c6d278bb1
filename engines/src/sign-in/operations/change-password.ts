import { wrongPassword } from '../errors.ts';
import { type Operation, text } from '../operation.ts';
import { checkPassword } from '../password-policy.ts';
import { makeVerifier, matches } from '../srp.ts';

export const changePassword: Operation = async ({ users, tokens, policy }, request) => {
  const user = await tokens.verify(text(request, 'AccessToken'));
  const password = text(request, 'ProposedPassword');
  const identity = users.identityOf(user.Username);
  checkPassword(policy, password);
  if (!user.Verifier || !matches(identity, text(request, 'PreviousPassword'), user.Verifier))
    throw wrongPassword();
  await users.update(user.Username, (current) => ({
    ...current,
    Verifier: makeVerifier(identity, password),
  }));
  return {};
};
