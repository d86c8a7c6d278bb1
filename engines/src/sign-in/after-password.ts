import { disabledUser, notConfirmed, SignInError } from './errors.ts';
import type { SignIn } from './operation.ts';
import type { StoredUser } from './stored-user.ts';

/** The answer to a correct password. Only now may an answer reveal the state of the account. */
export async function afterPassword({ tokens, challenges }: SignIn, user: StoredUser) {
  if (!user.Enabled) throw disabledUser();
  if (user.UserStatus === 'UNCONFIRMED') throw notConfirmed();
  if (user.UserStatus === 'RESET_REQUIRED')
    throw new SignInError('PasswordResetRequiredException', 'Password reset required for the user');
  if (user.UserStatus === 'FORCE_CHANGE_PASSWORD') {
    return {
      ChallengeName: 'NEW_PASSWORD_REQUIRED',
      ChallengeParameters: { USER_ID_FOR_SRP: user.Username, requiredAttributes: '[]', userAttributes: '{}' },
      Session: challenges.begin({ name: 'NEW_PASSWORD_REQUIRED', username: user.Username }),
    };
  }
  return { ChallengeParameters: {}, AuthenticationResult: await tokens.begin(user) };
}
