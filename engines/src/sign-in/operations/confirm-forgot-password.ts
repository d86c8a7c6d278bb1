import { checkCode } from '../codes.ts';
import { codeMismatch } from '../errors.ts';
import { checkClient, type Operation, text } from '../operation.ts';
import { checkPassword } from '../password-policy.ts';
import { makeVerifier } from '../srp.ts';
import { withAttribute } from '../stored-user.ts';

export const confirmForgotPassword: Operation = async (signIn, request) => {
  checkClient(signIn, request);
  const name = text(request, 'Username');
  const code = text(request, 'ConfirmationCode');
  const password = text(request, 'Password');
  checkPassword(signIn.policy, password);
  const user = await signIn.users.find(name);
  if (!user?.Enabled) throw codeMismatch();
  checkCode(user, 'new-password', code);
  const changed = await signIn.users.update(user.Username, (current) => ({
    ...current,
    UserStatus: 'CONFIRMED',
    Attributes: withAttribute(current, 'email_verified', 'true'),
    Verifier: makeVerifier(signIn.users.identityOf(current.Username), password),
    Code: undefined,
  }));
  if (!changed) throw codeMismatch();
  await signIn.cognitoLocal.confirmed({
    clientId: signIn.clientId,
    source: 'PostConfirmation_ConfirmForgotPassword',
    username: user.Username,
    userPoolId: signIn.userPoolId,
    userAttributes: withAttribute(changed, 'cognito:user_status', 'CONFIRMED'),
  });
  return {};
};
