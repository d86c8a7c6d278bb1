import { deliveryTo, newCode } from '../codes.ts';
import { invalidParameter } from '../errors.ts';
import { checkClient, type Operation, text } from '../operation.ts';

export const resendConfirmationCode: Operation = async (signIn, request) => {
  checkClient(signIn, request);
  const name = text(request, 'Username');
  const user = await signIn.users.find(name);
  if (user?.Enabled && user.UserStatus !== 'UNCONFIRMED')
    throw invalidParameter('User is already confirmed.');
  if (user?.Enabled)
    await signIn.users.update(user.Username, (current) => ({ ...current, Code: newCode(signIn, 'sign-up') }));
  return deliveryTo(name, user);
};
