/** An error with Cognito's own code and text, because clients act on the code, and some show the text. */
export class SignInError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const wrongPassword = () =>
  new SignInError('NotAuthorizedException', 'Incorrect username or password.');
export const disabledUser = () => new SignInError('NotAuthorizedException', 'User is disabled.');
export const notConfirmed = () => new SignInError('UserNotConfirmedException', 'User is not confirmed.');
export const codeMismatch = () =>
  new SignInError('CodeMismatchException', 'Invalid verification code provided, please try again.');
export const expiredCode = () =>
  new SignInError('ExpiredCodeException', 'Invalid code provided, please request a code again.');
export const invalidParameter = (message: string) => new SignInError('InvalidParameterException', message);
export const notAuthorized = (message: string) => new SignInError('NotAuthorizedException', message);
