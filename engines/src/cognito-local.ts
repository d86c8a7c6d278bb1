import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '@parley/config/config';
import { createChallenges } from './sign-in/challenges.ts';
import { openCognitoLocal } from './sign-in/cognito-local.ts';
import type { PasswordPolicy } from './sign-in/password-policy.ts';
import { createSignInServer } from './sign-in/server.ts';
import { openSigningKey } from './sign-in/signing-key.ts';
import { createTokens } from './sign-in/tokens.ts';
import { openUserStore } from './sign-in/user-store.ts';

/** Ids of the embedded sign-in. They are not secret. */
export const userPoolId = 'us-east-1_ParleyDev';
export const userPoolClientId = 'parleydevelopmentclient';
export const confirmationCode = '123456';

export type CognitoOptions = {
  /** Loopback by default. */
  host?: string | undefined;
  port: number;
  /** The folder of the people and the signing key. */
  dir: string;
  /** The Lambda invoke endpoint that runs `post-confirmation`. */
  runnerUrl: string;
  /** Origins of the browser chat. Other pages are refused. */
  origins?: readonly string[];
  /** The policy of the user pool on AWS by default. */
  passwordPolicy?: PasswordPolicy;
};

const policyOnAws: PasswordPolicy = {
  minLength: 12,
  classes: ['lowercase', 'uppercase', 'digit', 'symbol'],
};

export const cognitoIssuer = (port: number) => `http://127.0.0.1:${port}/${userPoolId}`;

type SignInConfig = Pick<
  Config,
  'HOST' | 'PORT' | 'CORS_ORIGINS' | 'PASSWORD_MIN_LENGTH' | 'PASSWORD_CLASSES'
>;

/** The options of the sign-in. It accepts the pages that the API serves, and those that the API accepts. */
export function signInOptions(config: SignInConfig) {
  const { HOST, PORT, CORS_ORIGINS, PASSWORD_MIN_LENGTH, PASSWORD_CLASSES } = config;
  const hosts = new Set(['127.0.0.1', 'localhost', '[::1]', HOST.includes(':') ? `[${HOST}]` : HOST]);
  return {
    origins: [...[...hosts].map((host) => new URL(`http://${host}:${PORT}`).origin), ...CORS_ORIGINS],
    passwordPolicy: { minLength: PASSWORD_MIN_LENGTH, classes: PASSWORD_CLASSES },
  };
}

/** Runs the sign-in: the Cognito API for clients and operators, on the store of cognito-local. */
export async function startCognito(options: CognitoOptions) {
  const { host = '127.0.0.1', port, dir, runnerUrl, origins = [], passwordPolicy = policyOnAws } = options;
  const issuer = cognitoIssuer(port);
  const ids = { userPoolId, clientId: userPoolClientId, code: confirmationCode };
  mkdirSync(join(dir, '.cognito'), { recursive: true, mode: 0o700 });
  const key = await openSigningKey(join(dir, '.cognito'), issuer);
  const cognitoLocal = await openCognitoLocal({ dir, runnerUrl, ...ids });
  const users = await openUserStore(cognitoLocal.pool, userPoolId.split('_')[1] ?? '');
  const tokens = createTokens(users, key, userPoolClientId);
  const signIn = {
    users,
    tokens,
    challenges: createChallenges(),
    policy: passwordPolicy,
    cognitoLocal,
    ...ids,
  };
  const server = createSignInServer({
    signIn,
    issuer,
    jwks: key.jwks,
    origins,
    onError: (error, operation) => console.error(`${operation} failed:`, error),
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    url: `http://127.0.0.1:${port}`,
    failed: new Promise<never>((_, reject) => server.once('error', reject)),
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), 1_000).unref();
      await closed;
      await cognitoLocal.written();
    },
  };
}
