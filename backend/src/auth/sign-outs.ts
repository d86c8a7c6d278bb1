import type { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import type { Config } from '@parley/config/config';
import * as signIns from '@parley/core/people/sign-ins';
import type { Logger } from '../observe/logger.ts';

export type SignOuts = ReturnType<typeof createSignOuts>;

type Parts = { config: Config; client: CognitoIdentityProviderClient; logger: Logger };

/** Ends sign-ins where people sign in, so that no refresh token of before makes a token again. */
export function createSignOuts({ config, client, logger }: Parts) {
  return {
    /** The API refuses what was issued before in any case: a sign-in that is away does not undo a sign-out. */
    async endAll(accessToken: string, userUuid: string) {
      if (!config.COGNITO_USER_POOL_ID) return;
      try {
        await signIns.endAll(client, accessToken);
      } catch (err) {
        logger.warn({ err, userUuid }, 'refresh tokens of a sign-out were not ended');
      }
    },
  };
}
