import { expect, test } from '@jest/globals';
import type { ClientConfig } from '@parley/client/api/types';
import { createPageStorage } from '../storage.ts';
import { memoryStorage } from '../testing/memory-storage.ts';
import { createCognito } from './cognito.ts';
import { createSession } from './session.ts';

const config = {
  user_pool_client_id: 'client',
  cognito_endpoint: 'http://127.0.0.1:1',
  auth_flows: ['USER_PASSWORD_AUTH'],
} as unknown as ClientConfig;

/** A pool that answers everything with this refusal, as Cognito documents them. */
const refusing = (status: number, code: string, message = '') =>
  createCognito(config, async () =>
    Response.json({ __type: `com.amazonaws.cognito#${code}`, message }, { status }),
  );
const wordsOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error) => error.message,
  );

const wrong = 'The e-mail address or the password is wrong.';

test.each([
  ['NotAuthorizedException', 'Incorrect username or password.', wrong],
  ['UserNotFoundException', 'User does not exist.', wrong],
  ['InvalidPasswordException', 'The password is too simple', wrong],
  ['NotAuthorizedException', 'Password attempts exceeded', 'Too many attempts. Try again later.'],
  ['UserNotConfirmedException', 'User is not confirmed.', 'The e-mail address is not confirmed yet.'],
])('a sign-in that is refused with %s (%s): %s', async (code, message, words) => {
  expect(await wordsOf(refusing(400, code, message).signIn('a@example.org', 'x'))).toBe(words);
});

test.each([
  ['UserNotFoundException', 'Username/client id combination not found.'],
  [
    'InvalidParameterException',
    'Cannot reset password for the user as there is no registered/verified email',
  ],
  ['NotAuthorizedException', 'User password cannot be reset in the current state.'],
])('asking for a code has one answer, also where the pool says %s', async (code, message) => {
  const pool = refusing(400, code, message);
  expect(await wordsOf(pool.forgotPassword('a@example.org'))).toBe('done');
  expect(await wordsOf(pool.resendCode('a@example.org'))).toBe('done');
});

test('asking for codes too often is told', async () => {
  const pool = refusing(400, 'LimitExceededException', 'Attempt limit exceeded, please try after some time.');
  expect(await wordsOf(pool.forgotPassword('a@example.org'))).toBe('Too many attempts. Try again later.');
});

test.each([
  [
    'PreSignUp failed with error handle_taken: choose another handle.',
    'Somebody has this handle, or had it. Choose another one.',
  ],
  [
    'PreSignUp failed with error handle_invalid: x.',
    'A handle is 1 to 30 letters, digits, dots, dashes or underscores, and one of them a letter or digit.',
  ],
  ['PreSignUp failed with error of its own.', 'PreSignUp failed with error of its own.'],
])('a sign-up that the pool refuses for the handle says why: %s', async (message, words) => {
  const person = { email: 'a@example.org', password: 'x', handle: 'maya', name: 'Maya' };
  const pool = refusing(400, 'UserLambdaValidationException', message);
  expect(await wordsOf(pool.signUp(person))).toBe(words);
});

test('a wrong code is called wrong, whoever has the address', async () => {
  const codes = ['CodeMismatchException', 'ExpiredCodeException', 'UserNotFoundException'];
  const words = await Promise.all(
    codes.flatMap((code) => [
      wordsOf(refusing(400, code).confirm('a@example.org', '1')),
      wordsOf(refusing(400, code).resetPassword('a@example.org', '1', 'x')),
    ]),
  );
  expect(new Set(words)).toEqual(
    new Set(['This is not the code we sent, or it has expired. Ask for a new one.']),
  );
});

test('a new password that the pool refuses is refused in the words of the pool', async () => {
  const message = 'Password did not conform with policy: Password not long enough';
  const person = { email: 'a@example.org', password: 'x', handle: 'a', name: 'A' };
  expect(await wordsOf(refusing(400, 'InvalidPasswordException', message).signUp(person))).toBe(
    `The password is refused. ${message}`,
  );
});

test('a session ends with a refusal of its refresh token, and not with a fault or haste of the sign-in', async () => {
  for (const [status, code, isOpen] of [
    [400, 'NotAuthorizedException', false],
    [500, 'InternalErrorException', true],
    [400, 'TooManyRequestsException', true],
  ] as const) {
    const storage = memoryStorage();
    const session = createSession(
      refusing(status, code),
      createPageStorage(() => storage),
      () => {},
    );
    session.open({ access: 'a', refresh: 'r', expiresAtMs: 0 });
    await expect(session.credentials().token()).rejects.toThrow();
    expect(session.isOpen()).toBe(isOpen);
  }
});
