import { checkCode } from '../codes.ts';
import { expiredCode, notAuthorized } from '../errors.ts';
import { checkClient, type Operation, text } from '../operation.ts';
import { withAttribute } from '../stored-user.ts';

export const confirmSignUp: Operation = async (signIn, request) => {
  checkClient(signIn, request);
  const user = await signIn.users.find(text(request, 'Username'));
  const code = text(request, 'ConfirmationCode');
  if (!user?.Enabled) throw expiredCode();
  if (user.UserStatus !== 'UNCONFIRMED')
    throw notAuthorized(`User cannot be confirmed. Current status is ${user.UserStatus}`);
  checkCode(user, 'sign-up', code);
  const confirmed = await signIn.users.update(user.Username, (current) => ({
    ...current,
    UserStatus: 'CONFIRMED',
    Attributes: withAttribute(current, 'email_verified', 'true'),
    Code: undefined,
  }));
  if (!confirmed) throw expiredCode();
  await signIn.cognitoLocal.confirmed({
    clientId: signIn.clientId,
    source: 'PostConfirmation_ConfirmSignUp',
    username: user.Username,
    userPoolId: signIn.userPoolId,
    userAttributes: withAttribute(confirmed, 'cognito:user_status', 'CONFIRMED'),
  });
  return {};
};
