import { deliveryTo, newCode } from '../codes.ts';
import { invalidParameter } from '../errors.ts';
import { checkClient, type Operation, text } from '../operation.ts';

export const forgotPassword: Operation = async (signIn, request) => {
  checkClient(signIn, request);
  const name = text(request, 'Username');
  const user = await signIn.users.find(name);
  if (user?.UserStatus === 'UNCONFIRMED')
    throw invalidParameter(
      'Cannot reset password for the user as there is no registered/verified email or phone_number',
    );
  if (user?.Enabled)
    await signIn.users.update(user.Username, (current) => ({
      ...current,
      Code: newCode(signIn, 'new-password'),
    }));
  return deliveryTo(name, user);
};
