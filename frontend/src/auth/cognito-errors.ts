import { TokenError } from '@parley/client/tokens';

/** A refusal of the sign-in. `code` is the exception's name at Cognito. */
export class CognitoError extends TokenError {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const wrong = 'The e-mail address or the password is wrong.';
const notTheCode = 'This is not the code we sent, or it has expired. Ask for a new one.';
const later = 'Too many attempts. Try again later.';
/** Each reason has the same words, so that nobody can find out which addresses have an account. */
const signIn = {
  NotAuthorizedException: wrong,
  UserNotFoundException: wrong,
  InvalidPasswordException: wrong,
  InvalidParameterException: wrong,
};
const codes = {
  CodeMismatchException: notTheCode,
  ExpiredCodeException: notTheCode,
  UserNotFoundException: notTheCode,
};

/** One exception means different things in different operations. */
const textsOf: Record<string, Record<string, string>> = {
  InitiateAuth: signIn,
  RespondToAuthChallenge: signIn,
  ConfirmSignUp: {
    ...codes,
    NotAuthorizedException: 'This address needs no confirmation any more. Try to sign in.',
  },
  ConfirmForgotPassword: { ...codes, NotAuthorizedException: notTheCode },
};

const texts: Record<string, string> = {
  UsernameExistsException: 'There is an account with this e-mail address.',
  UserNotConfirmedException: 'The e-mail address is not confirmed yet.',
  PasswordResetRequiredException: 'A new password is needed. Ask for a code with "Forgot password".',
  CodeDeliveryFailureException: 'The code could not be sent to this address.',
  LimitExceededException: later,
  TooManyFailedAttemptsException: later,
  TooManyRequestsException: later,
};

/** The reasons of the function that checks a sign-up before the account exists. */
const handleTexts: Record<string, string> = {
  handle_taken: 'Somebody has this handle, or had it. Choose another one.',
  handle_invalid:
    'A handle is 1 to 30 letters, digits, dots, dashes or underscores, and one of them a letter or digit.',
};

/** The text for the person. */
export function explainRefusal(operation: string, code: string, message: string): string {
  // Cognito has no exception of its own for this case.
  if (/attempts exceeded/i.test(message)) return later;
  const refused = Object.keys(handleTexts).find((reason) => message.includes(reason));
  if (code === 'UserLambdaValidationException' && refused) return handleTexts[refused] ?? message;
  const known = textsOf[operation]?.[code] ?? texts[code];
  if (known) return known;
  if (code === 'InvalidPasswordException') return `The password is refused. ${message}`.trim();
  return message || `Sign-in answered ${code}.`;
}
