import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as cognito from '@aws-sdk/client-cognito-identity-provider';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import getPort from 'get-port';
import { decodeJwt, importPKCS8, SignJWT } from 'jose';
import { cognitoIssuer, confirmationCode, userPoolClientId, userPoolId } from '../cognito-local.ts';
import { launch } from '../launch.ts';

/* Every call that a client of Cognito makes, with the AWS SDK, and Cognito's answers. */

const ClientId = userPoolClientId;
const UserPoolId = userPoolId;
const ConfirmationCode = confirmationCode;
const Password = 'Correct-horse-1';
const page = 'http://127.0.0.1:4567';

let dir: string;
let port: number;
let engine: { url: string; stop(): Promise<void> };
let client: cognito.CognitoIdentityProviderClient;
let people = 0;

const users = () => JSON.parse(readFileSync(join(dir, `.cognito/db/${userPoolId}.json`), 'utf8')).Users;
const start = () => launch('cognito', { port, dir, runnerUrl: 'http://127.0.0.1:9', origins: [page] });

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'parley-calls-'));
  port = await getPort();
  // A person from a version that stored plain passwords and tokens.
  const old = {
    Username: 'old-sub',
    Attributes: [
      { Name: 'sub', Value: 'old-sub' },
      { Name: 'email', Value: 'old@example.com' },
    ],
    Enabled: true,
    UserStatus: 'CONFIRMED',
    UserCreateDate: new Date(),
    UserLastModifiedDate: new Date(),
    Password,
    RefreshTokens: ['a.b.c'],
  };
  mkdirSync(join(dir, '.cognito/db'), { recursive: true });
  writeFileSync(join(dir, `.cognito/db/${userPoolId}.json`), JSON.stringify({ Users: { 'old-sub': old } }));
  engine = await start();
  client = new cognito.CognitoIdentityProviderClient({
    region: 'us-east-1',
    endpoint: engine.url,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
});
afterAll(async () => {
  client.destroy();
  await engine.stop();
  rmSync(dir, { recursive: true });
});

function freshName() {
  people += 1;
  return `person-${people}@example.com`;
}

async function signUp(Username = freshName()) {
  await client.send(new cognito.SignUpCommand({ ClientId, Username, Password }));
  return Username;
}

async function member() {
  const Username = await signUp();
  await client.send(new cognito.ConfirmSignUpCommand({ ClientId, Username, ConfirmationCode }));
  return Username;
}

const initiate = (AuthFlow: cognito.AuthFlowType, AuthParameters: Record<string, string>) =>
  client.send(new cognito.InitiateAuthCommand({ ClientId, AuthFlow, AuthParameters }));
const signIn = async (USERNAME: string, PASSWORD = Password) => {
  const { AuthenticationResult } = await initiate('USER_PASSWORD_AUTH', { USERNAME, PASSWORD });
  return {
    access: AuthenticationResult?.AccessToken ?? '',
    refresh: AuthenticationResult?.RefreshToken ?? '',
  };
};
const refresh = async (REFRESH_TOKEN: string) =>
  (await initiate('REFRESH_TOKEN_AUTH', { REFRESH_TOKEN })).AuthenticationResult;
const getUser = (AccessToken: string) => client.send(new cognito.GetUserCommand({ AccessToken }));
const forgot = (Username: string) => client.send(new cognito.ForgotPasswordCommand({ ClientId, Username }));
const reset = (Username: string, code = ConfirmationCode, password = 'New-horse-22') =>
  client.send(
    new cognito.ConfirmForgotPasswordCommand({
      ClientId,
      Username,
      ConfirmationCode: code,
      Password: password,
    }),
  );
const confirm = (Username: string, code = ConfirmationCode) =>
  client.send(new cognito.ConfirmSignUpCommand({ ClientId, Username, ConfirmationCode: code }));
const resend = (Username: string) =>
  client.send(new cognito.ResendConfirmationCodeCommand({ ClientId, Username }));
const revoke = (Token: string) => client.send(new cognito.RevokeTokenCommand({ ClientId, Token }));
const disable = (Username: string) =>
  client.send(new cognito.AdminDisableUserCommand({ UserPoolId, Username }));

const nobody = 'nobody@example.com';
const policy = 'Password did not conform with policy: ';
const wrong = ['NotAuthorizedException', 'Incorrect username or password.'] as const;
const mismatch = ['CodeMismatchException', 'Invalid verification code provided, please try again.'] as const;
const expired = ['ExpiredCodeException', 'Invalid code provided, please request a code again.'] as const;
const withPassword = (Password: string) =>
  client.send(new cognito.SignUpCommand({ ClientId, Username: freshName(), Password }));

type Refusal = [call: string, attempt: () => Promise<unknown>, code: string, words: string];
const refusals: Refusal[] = [
  ['InitiateAuth with a wrong password', async () => signIn(await member(), 'Wrong-horse-11'), ...wrong],
  ['InitiateAuth of nobody', () => signIn(nobody), ...wrong],
  [
    'InitiateAuth before the address is confirmed',
    async () => signIn(await signUp()),
    'UserNotConfirmedException',
    'User is not confirmed.',
  ],
  [
    'InitiateAuth with a wrong password before that',
    async () => signIn(await signUp(), 'Wrong-horse-11'),
    ...wrong,
  ],
  [
    'InitiateAuth of a disabled person',
    async () => {
      const name = await member();
      await disable(name);
      return signIn(name);
    },
    'NotAuthorizedException',
    'User is disabled.',
  ],
  [
    'InitiateAuth of an unknown client',
    () =>
      client.send(
        new cognito.InitiateAuthCommand({
          ClientId: 'other',
          AuthFlow: 'USER_PASSWORD_AUTH',
          AuthParameters: { USERNAME: nobody, PASSWORD: Password },
        }),
      ),
    'ResourceNotFoundException',
    'User pool client other does not exist.',
  ],
  [
    'InitiateAuth without a name',
    () => initiate('USER_PASSWORD_AUTH', { PASSWORD: Password }),
    'InvalidParameterException',
    'Missing required parameter USERNAME',
  ],
  [
    'a refresh with an invalid token',
    () => refresh('nonsense'),
    'NotAuthorizedException',
    'Invalid Refresh Token',
  ],
  [
    'SignUp with a taken address, in another case',
    async () => signUp((await member()).toUpperCase()),
    'UsernameExistsException',
    'An account with the given email already exists.',
  ],
  [
    'SignUp with a name that is not an address',
    () => signUp('maya'),
    'InvalidParameterException',
    'Username should be an email.',
  ],
  [
    'SignUp as somebody else',
    () =>
      client.send(
        new cognito.SignUpCommand({
          ClientId,
          Username: freshName(),
          Password,
          UserAttributes: [{ Name: 'sub', Value: 'old-sub' }],
        }),
      ),
    'NotAuthorizedException',
    'A client attempted to write unauthorized attribute',
  ],
  [
    'SignUp, too short',
    () => withPassword('Short-1'),
    'InvalidPasswordException',
    `${policy}Password not long enough`,
  ],
  [
    'SignUp without lower case',
    () => withPassword('CORRECT-HORSE-1'),
    'InvalidPasswordException',
    `${policy}Password must have lowercase characters`,
  ],
  [
    'SignUp without upper case',
    () => withPassword('correct-horse-1'),
    'InvalidPasswordException',
    `${policy}Password must have uppercase characters`,
  ],
  [
    'SignUp without a digit',
    () => withPassword('Correct-horse-x'),
    'InvalidPasswordException',
    `${policy}Password must have numeric characters`,
  ],
  [
    'SignUp without a symbol',
    () => withPassword('Correcthorse12'),
    'InvalidPasswordException',
    `${policy}Password must have symbol characters`,
  ],
  ['ConfirmSignUp with a wrong code', async () => confirm(await signUp(), '000000'), ...mismatch],
  ['ConfirmSignUp of nobody', () => confirm(nobody), ...expired],
  [
    'ConfirmSignUp a second time',
    async () => confirm(await member()),
    'NotAuthorizedException',
    'User cannot be confirmed. Current status is CONFIRMED',
  ],
  [
    'ResendConfirmationCode after confirmation',
    async () => resend(await member()),
    'InvalidParameterException',
    'User is already confirmed.',
  ],
  [
    'ForgotPassword before the address is confirmed',
    async () => forgot(await signUp()),
    'InvalidParameterException',
    'Cannot reset password for the user as there is no registered/verified email or phone_number',
  ],
  [
    'ConfirmForgotPassword with a wrong code',
    async () => {
      const name = await member();
      await forgot(name);
      return reset(name, '000000');
    },
    ...mismatch,
  ],
  ['ConfirmForgotPassword that nobody asked for', async () => reset(await member()), ...expired],
  ['ConfirmForgotPassword of nobody', () => reset(nobody), ...mismatch],
  [
    'ConfirmForgotPassword with a weak password',
    async () => {
      const name = await member();
      await forgot(name);
      return reset(name, ConfirmationCode, 'weak');
    },
    'InvalidPasswordException',
    `${policy}Password not long enough`,
  ],
  [
    'ConfirmForgotPassword a second time',
    async () => {
      const name = await member();
      await forgot(name);
      await reset(name);
      return reset(name);
    },
    ...expired,
  ],
  [
    'ChangePassword with a wrong old password',
    async () => change((await signIn(await member())).access, 'Wrong-horse-11', 'New-horse-22'),
    ...wrong,
  ],
  [
    'ChangePassword to a weak password',
    async () => change((await signIn(await member())).access, Password, 'New-horse'),
    'InvalidPasswordException',
    `${policy}Password not long enough`,
  ],
  [
    'GetUser with a malformed token',
    () => getUser('a.b.c'),
    'NotAuthorizedException',
    'Invalid Access Token',
  ],
  [
    'RevokeToken of an access token',
    async () => revoke((await signIn(await member())).access),
    'UnsupportedTokenTypeException',
    'Unsupported token type',
  ],
];

const change = (AccessToken: string, PreviousPassword: string, ProposedPassword: string) =>
  client.send(new cognito.ChangePasswordCommand({ AccessToken, PreviousPassword, ProposedPassword }));

async function outcome(attempt: () => Promise<unknown>) {
  try {
    return { answered: await attempt() };
  } catch (error) {
    return error instanceof Error ? [error.name, error.message] : error;
  }
}

describe('an unknown flow', () => {
  it.each(['constructor', 'toString', '__proto__', 'valueOf'])('%s is refused', async (AuthFlow) => {
    const response = await fetch(engine.url, {
      method: 'POST',
      headers: { 'X-Amz-Target': 'AWSCognitoIdentityProviderService.InitiateAuth' },
      body: JSON.stringify({ ClientId, AuthFlow, AuthParameters: {} }),
    });
    expect(await response.text()).toContain('InvalidParameterException');
  });
});

describe('two concurrent sign-ups with one address', () => {
  it('create one person', async () => {
    const Username = freshName();
    const outcomes = await Promise.allSettled(
      [Username, Username.toUpperCase(), Username].map((name) => signUp(name)),
    );
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected']);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        expect(outcome.reason).toBeInstanceOf(cognito.UsernameExistsException);
  });
});

describe('a call that Cognito refuses', () => {
  it.each(refusals)('%s', async (_, attempt, code, words) => {
    expect(await outcome(attempt)).toEqual([code, words]);
  });
});

describe('a person', () => {
  it('signs up, asks for the code again, confirms, and signs in by the address in any case', async () => {
    const name = await signUp();
    const delivery = { AttributeName: 'email', DeliveryMedium: 'EMAIL', Destination: 'p***@e***' };
    expect((await resend(name)).CodeDeliveryDetails).toEqual(delivery);
    await confirm(name);
    const { access } = await signIn(name.toUpperCase());
    const { UserAttributes = [], Username } = await getUser(access);
    const attributes = Object.fromEntries(UserAttributes.map(({ Name, Value }) => [Name, Value]));
    expect(attributes).toMatchObject({ email: name, email_verified: 'true', sub: Username });
  });

  it('who forgot the password gets the same answers as an unknown person', async () => {
    const name = await member();
    const [somebody, other] = [await forgot(name), await forgot('palpable@elsewhere.org')];
    expect(other.CodeDeliveryDetails).toEqual(somebody.CodeDeliveryDetails);
    expect((await resend('palpable@elsewhere.org')).CodeDeliveryDetails).toEqual(
      somebody.CodeDeliveryDetails,
    );
    await reset(name);
    expect(await outcome(() => signIn(name))).toEqual(wrong);
    expect((await signIn(name, 'New-horse-22')).access).not.toBe('');
  });

  it('changes the password', async () => {
    const name = await member();
    await change((await signIn(name)).access, Password, 'Other-horse-3');
    expect(await outcome(() => signIn(name))).toEqual(wrong);
    expect((await signIn(name, 'Other-horse-3')).access).not.toBe('');
  });

  it('created by an administrator must choose a password first', async () => {
    const Username = freshName();
    await client.send(
      new cognito.AdminCreateUserCommand({ UserPoolId, Username, TemporaryPassword: 'Given-horse-1' }),
    );
    const parameters = { USERNAME: Username, PASSWORD: 'Given-horse-1' };
    const { ChallengeName, Session } = await initiate('USER_PASSWORD_AUTH', parameters);
    expect(ChallengeName).toBe('NEW_PASSWORD_REQUIRED');
    const respond = (NEW_PASSWORD: string, session = Session) =>
      client.send(
        new cognito.RespondToAuthChallengeCommand({
          ClientId,
          ChallengeName: 'NEW_PASSWORD_REQUIRED',
          Session: session,
          ChallengeResponses: { USERNAME: Username, NEW_PASSWORD },
        }),
      );
    expect((await respond(Password)).AuthenticationResult?.AccessToken).toBeDefined();
    expect(await outcome(() => respond(Password))).toEqual([
      'NotAuthorizedException',
      'Invalid session for the user.',
    ]);
    expect((await signIn(Username)).access).not.toBe('');
  });

  it('deletes their own account, only with a token of this sign-in', async () => {
    const name = await member();
    const { access } = await signIn(name);
    const [head, , signature] = access.split('.');
    const forged = `${head}.${Buffer.from(JSON.stringify({ ...decodeJwt(access), username: 'old-sub' })).toString('base64url')}.${signature}`;
    const remove = (AccessToken: string) => client.send(new cognito.DeleteUserCommand({ AccessToken }));
    expect(await outcome(() => remove(forged))).toEqual(['NotAuthorizedException', 'Invalid Access Token']);
    await remove(access);
    expect(await outcome(() => signIn(name))).toEqual(wrong);
  });
});

describe('a sign-in', () => {
  it('keeps its time and id over a refresh, in both tokens', async () => {
    const { access, refresh: token } = await signIn(await member());
    await sleep(1_100);
    const result = await refresh(token);
    expect(result?.RefreshToken).toBeUndefined();
    expect(result).toMatchObject({ ExpiresIn: 3_600, TokenType: 'Bearer' });
    const { auth_time, origin_jti, iat = 0, jti } = decodeJwt(access);
    for (const renewed of [result?.AccessToken, result?.IdToken]) {
      const claims = decodeJwt(renewed ?? '');
      expect(claims).toMatchObject({ auth_time, origin_jti, iss: cognitoIssuer(port) });
      expect(claims.iat).toBeGreaterThan(iat);
      expect(claims.jti).not.toBe(jti);
    }
  });

  it("ends with RevokeToken, and the person's other sign-ins do not", async () => {
    const name = await member();
    const [ended, kept] = [await signIn(name), await signIn(name)];
    await revoke(ended.refresh);
    await revoke(ended.refresh);
    expect(await outcome(() => refresh(ended.refresh))).toEqual([
      'NotAuthorizedException',
      'Invalid Refresh Token',
    ]);
    expect(await outcome(() => getUser(ended.access))).toEqual([
      'NotAuthorizedException',
      'Access Token has been revoked',
    ]);
    expect((await refresh(kept.refresh))?.AccessToken).toBeDefined();
    await getUser(kept.access);
  });

  it("ends with GlobalSignOut, like the person's other sign-ins", async () => {
    const name = await member();
    const all = [await signIn(name), await signIn(name)];
    await client.send(new cognito.GlobalSignOutCommand({ AccessToken: all[0]?.access }));
    for (const { access, refresh: token } of all) {
      expect(await outcome(() => refresh(token))).toEqual([
        'NotAuthorizedException',
        'Invalid Refresh Token',
      ]);
      expect(await outcome(() => getUser(access))).toEqual([
        'NotAuthorizedException',
        'Access Token has been revoked',
      ]);
    }
  });

  it('survives a restart, and works for a person of an earlier version', async () => {
    const { access, refresh: token } = await signIn('old@example.com');
    await engine.stop();
    expect(JSON.stringify(users())).not.toContain(Password);
    expect(JSON.stringify(users())).not.toContain(token);
    expect(Object.values(users()).filter((user) => Object.hasOwn(user as object, 'Password'))).toEqual([]);
    engine = await start();
    await getUser(access);
    expect((await refresh(token))?.AccessToken).toBeDefined();
  });
});

describe('the proof of a password (SRP)', () => {
  const config = { user_pool_id: userPoolId, user_pool_client_id: ClientId, auth_flows: ['USER_SRP_AUTH'] };
  const bodies: string[] = [];
  const spy: typeof fetch = (url, request) => {
    bodies.push(String(request?.body));
    return fetch(url, request);
  };
  type Page = { signIn(email: string, password: string): Promise<{ access: string; refresh: string }> };
  let createPage: (config: object, fetch: unknown) => Page;
  beforeAll(async () => {
    // Imported by name, because the page's source is checked with the types of a browser.
    const page = '../../../frontend/src/auth/cognito.ts';
    ({ createCognito: createPage } = await import(page));
  });
  const browser = () => createPage({ ...config, cognito_endpoint: engine.url }, spy);

  it('is accepted from the page, which never sends the password', async () => {
    const name = await member();
    for (let turn = 0; turn < 3; turn += 1) {
      const { access, refresh: token } = await browser().signIn(name.toUpperCase(), Password);
      await getUser(access);
      expect((await refresh(token))?.AccessToken).toBeDefined();
    }
    expect(bodies).toHaveLength(6);
    for (const body of bodies) expect(body).not.toContain(Password);
  });

  it('is refused in the same way for a wrong password and an unknown person', async () => {
    const words = 'The e-mail address or the password is wrong.';
    await expect(browser().signIn(await member(), 'Wrong-horse-11')).rejects.toThrow(words);
    await expect(browser().signIn(nobody, Password)).rejects.toThrow(words);
    const challenge = async () =>
      (await initiate('USER_SRP_AUTH', { USERNAME: nobody, SRP_A: 'ab' })).ChallengeParameters;
    const [first, second] = [await challenge(), await challenge()];
    expect(second).toMatchObject({ SALT: first?.SALT, USER_ID_FOR_SRP: first?.USER_ID_FOR_SRP });
    expect(first?.USER_ID_FOR_SRP).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
  });

  it('does not begin with a number that would reveal the secret', async () => {
    const attempt = () => initiate('USER_SRP_AUTH', { USERNAME: nobody, SRP_A: '0' });
    expect(await outcome(attempt)).toEqual([
      'InvalidParameterException',
      'SRP_A is not a number of the group.',
    ]);
  });
});

describe('the key of the tokens', () => {
  it("belongs to this folder: a token signed with cognito-local's published key is refused", async () => {
    const { access } = await signIn(await member());
    const require = createRequire(createRequire(import.meta.url).resolve('cognito-local'));
    const publicKnowledge = await importPKCS8(
      require('node:crypto')
        .createPrivateKey(require('./keys/cognitoLocal.private.json').pem)
        .export({ type: 'pkcs8', format: 'pem' }),
      'RS256',
    );
    const forged = await new SignJWT(decodeJwt(access))
      .setProtectedHeader({ alg: 'RS256', kid: 'CognitoLocal' })
      .sign(publicKnowledge);
    expect(await outcome(() => getUser(forged))).toEqual(['NotAuthorizedException', 'Invalid Access Token']);
    const answer = await fetch(`${cognitoIssuer(port)}/.well-known/jwks.json`);
    const { keys } = (await answer.json()) as { keys: { n: string }[] };
    expect(keys).toEqual([
      expect.objectContaining({ alg: 'RS256', kid: expect.not.stringContaining('CognitoLocal') }),
    ]);
    expect(keys[0]?.n).not.toBe(require('./keys/cognitoLocal.public.json').jwk.n);
  });
});

describe('a page in a browser', () => {
  const ask = (headers: Record<string, string>, method = 'POST') =>
    fetch(engine.url, {
      method,
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'AWSCognitoIdentityProviderService.ListUsers',
        ...headers,
      },
      ...(method === 'POST' && { body: JSON.stringify({ UserPoolId }) }),
    });

  it('of Parley is accepted', async () => {
    const preflight = await ask({ origin: page }, 'OPTIONS');
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(page);
    expect((await ask({ origin: page })).status).toBe(200);
  });

  it.each(['http://evil.example', 'null', 'http://127.0.0.1:9999'])('of %s is refused', async (origin) => {
    for (const method of ['OPTIONS', 'POST']) {
      const answer = await ask({ origin }, method);
      expect(answer.status).toBe(403);
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      expect(await answer.text()).not.toContain('@example.com');
    }
  });
});
