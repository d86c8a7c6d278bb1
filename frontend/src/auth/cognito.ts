import { ApiError } from '@parley/client/api/errors';
import type { ClientConfig } from '@parley/client/api/types';
import { CognitoError, explainRefusal } from './cognito-errors.ts';
import type { AuthAnswer, Call } from './cognito-wire.ts';

/* The Cognito API over fetch. The sign-in of bin/start and that of AWS both speak it. */

export type Tokens = { access: string; refresh: string; expiresAtMs: number };

type UserAnswer = { Username: string; UserAttributes: { Name: string; Value?: string }[] };

export function createCognito(config: ClientConfig, fetch: typeof globalThis.fetch) {
  const ClientId = config.user_pool_client_id;

  const call: Call = async (operation, body) => {
    const response = await post(fetch, config.cognito_endpoint, operation, body);
    const said = await response.json().catch(() => ({}));
    if (response.ok) return said;
    const code = String(said.__type ?? said.code ?? 'Unknown').replace(/^.*#/, '');
    if (response.status >= 500) throw new ApiError(503, ['busy']);
    if (code === 'TooManyRequestsException') throw new ApiError(429, ['rate_limited']);
    throw new CognitoError(code, explainRefusal(operation, code, String(said.message ?? '')));
  };

  async function signIn(username: string, password: string): Promise<Tokens> {
    if (config.auth_flows.includes('USER_SRP_AUTH')) {
      const { signInWithSrp } = await import('./srp.ts');
      return tokensOf(await signInWithSrp(call, config, username, password));
    }
    if (!isLoopback(config.cognito_endpoint)) {
      throw new CognitoError('InsecureEndpoint', 'A password is not sent in the clear to another machine.');
    }
    const answer = await call<AuthAnswer>('InitiateAuth', {
      ClientId,
      AuthFlow: 'USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: username, PASSWORD: password },
    });
    return tokensOf(answer);
  }

  return {
    signUp: (person: { email: string; password: string; handle: string; name: string }) =>
      call<object>('SignUp', {
        ClientId,
        Username: person.email,
        Password: person.password,
        UserAttributes: [
          { Name: 'email', Value: person.email },
          { Name: 'preferred_username', Value: person.handle },
          { Name: 'name', Value: person.name },
        ],
      }),
    confirm: (email: string, code: string) =>
      call<object>('ConfirmSignUp', { ClientId, Username: email, ConfirmationCode: code }),
    /** Answers alike whether or not somebody waits for a code. */
    resendCode: (email: string) => silently(call('ResendConfirmationCode', { ClientId, Username: email })),
    /** Answers alike whether or not there is an account. */
    forgotPassword: (email: string) => silently(call('ForgotPassword', { ClientId, Username: email })),
    resetPassword: (email: string, code: string, password: string) =>
      call<object>('ConfirmForgotPassword', {
        ClientId,
        Username: email,
        ConfirmationCode: code,
        Password: password,
      }),
    signIn,
    /** Proves the password of the signed-in person. */
    async signInAgain(access: string, password: string): Promise<Tokens> {
      const { Username } = await call<UserAnswer>('GetUser', { AccessToken: access });
      return signIn(Username, password);
    },
    /** The handle of the sign-up. Another person may have taken it first. */
    async wantedHandle(access: string): Promise<string | undefined> {
      const { UserAttributes } = await call<UserAnswer>('GetUser', { AccessToken: access });
      return UserAttributes.find(({ Name }) => Name === 'preferred_username')?.Value;
    },
    async refresh(refresh: string): Promise<Tokens> {
      const answer = await call<AuthAnswer>('InitiateAuth', {
        ClientId,
        AuthFlow: 'REFRESH_TOKEN_AUTH',
        AuthParameters: { REFRESH_TOKEN: refresh },
      });
      return tokensOf(answer, refresh);
    },
    /** Ends the refresh token. The sign-out of the API ends all access tokens. */
    revoke: (refresh: string) => call<object>('RevokeToken', { ClientId, Token: refresh }),
  };
}

export type Cognito = ReturnType<typeof createCognito>;

/** Refusals that reveal whether an account exists. A pool that prevents user existence errors never sends the first. */
const revealsAccount = ['UserNotFoundException', 'InvalidParameterException', 'NotAuthorizedException'];

async function silently(answer: Promise<object>) {
  try {
    await answer;
  } catch (error) {
    if (!(error instanceof CognitoError) || !revealsAccount.includes(error.code)) throw error;
  }
}

async function post(fetch: typeof globalThis.fetch, endpoint: string, operation: string, body: object) {
  try {
    return await fetch(endpoint, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-amz-json-1.1',
        'X-Amz-Target': `AWSCognitoIdentityProviderService.${operation}`,
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    });
  } catch {
    throw new ApiError(0, ['no_answer']);
  }
}

function tokensOf(answer: AuthAnswer, refresh = ''): Tokens {
  const result = answer.AuthenticationResult;
  if (!result) {
    const challenge = answer.ChallengeName ?? 'an unknown step';
    throw new CognitoError('Challenge', `Sign-in asks for ${challenge}, which this page cannot do.`);
  }
  return {
    access: result.AccessToken,
    refresh: result.RefreshToken ?? refresh,
    // Counted from now, because a clock that is ahead would make every token look expired.
    expiresAtMs: Date.now() + (lifetimeMsOf(result.AccessToken) ?? result.ExpiresIn * 1000),
  };
}

export function lifetimeMsOf(token: string): number | undefined {
  const { exp, iat } = claimsOf(token);
  return typeof exp === 'number' && typeof iat === 'number' ? (exp - iat) * 1000 : undefined;
}

/** Whose token it is. */
export const subjectOf = (token: string) => claimsOf(token).sub;

function claimsOf(token: string): { exp?: unknown; iat?: unknown; sub?: unknown } {
  try {
    const [, payload = ''] = token.split('.');
    return JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) ?? {};
  } catch {
    return {};
  }
}

export function isLoopback(endpoint: string) {
  const { hostname } = new URL(endpoint);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
