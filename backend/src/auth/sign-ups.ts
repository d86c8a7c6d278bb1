import {
  CognitoIdentityProviderClient,
  CognitoIdentityProviderServiceException,
  GetUserCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { AppError, type ErrorCode } from '@parley/core/errors';
import * as users from '@parley/core/people/users';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';

export type SignUps = ReturnType<typeof createSignUps>;

/** How long a failed look-up is remembered: of a person without a profile, and of an unreachable Cognito. */
const missingMs = 10_000;
const unreachableMs = 2_000;

export function createCognito(region: string, endpoint: string) {
  return new CognitoIdentityProviderClient({
    region,
    // The SDK sends nothing without credentials. A local sign-in does not check them.
    ...(endpoint && { endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }),
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 2_500, throwOnRequestTimeout: true },
  });
}

/** Inserts a person whose sign-up trigger failed, with the attributes that Cognito has for their valid token. */
export function createSignUps(pool: Pool, cognito: CognitoIdentityProviderClient) {
  // Concurrent requests of one person share one repair. Only its failure is cached.
  const failures = new LRUCache<string, ErrorCode, string>({
    max: 10_000,
    async fetchMethod(sub, _stale, { context: token, options }) {
      const code = await repairWith(sub, token);
      options.ttl = code === 'busy' ? unreachableMs : missingMs;
      return code;
    },
  });

  async function repairWith(sub: string, token: string): Promise<ErrorCode | undefined> {
    const attributes = await attributesOf(cognito, token);
    if (!(attributes instanceof Map)) return attributes;
    if (attributes.get('sub') !== sub) return 'profile_missing';
    await users.insertFromSignUp(pool, {
      sub,
      preferredUsername: attributes.get('preferred_username'),
      name: attributes.get('name'),
      email: attributes.get('email'),
    });
    return undefined;
  }

  return {
    /** The person of a verified token whose `sub` is unknown. Throws `profile_missing` or `busy`. */
    async repair(sub: string, token: string): Promise<users.User> {
      const code = await failures.fetch(sub, { context: token });
      const user = code === undefined ? await users.findBySub(pool, sub) : null;
      if (!user) throw new AppError(code ?? 'profile_missing');
      return user;
    },
  };
}

async function attributesOf(cognito: CognitoIdentityProviderClient, token: string) {
  try {
    const { UserAttributes = [] } = await cognito.send(new GetUserCommand({ AccessToken: token }));
    return new Map(UserAttributes.map(({ Name, Value }) => [Name, Value]));
  } catch (error) {
    const isRefused = error instanceof CognitoIdentityProviderServiceException && error.$fault === 'client';
    return isRefused && error.name !== 'TooManyRequestsException' ? 'profile_missing' : 'busy';
  }
}
