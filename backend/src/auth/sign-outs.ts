import type { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import type { Config } from '@parley/config/config';
import * as signIns from '@parley/core/people/sign-ins';
import type { Logger } from '../observe/logger.ts';

export type SignOuts = ReturnType<typeof createSignOuts>;

type Parts = { config: Config; client: CognitoIdentityProviderClient; logger: Logger };

/** Revokes refresh tokens at the sign-in, so that none issued before a sign-out can make another access token. */
export function createSignOuts({ config, client, logger }: Parts) {
  return {
    /** A failure is only logged, because the API refuses tokens issued before the sign-out in any case. */
    async endAll(accessToken: string, userUuid: string) {
      if (!config.COGNITO_USER_POOL_ID) return;
      try {
        await signIns.endAll(client, accessToken);
      } catch (err) {
        logger.warn({ err, userUuid }, 'refresh tokens were not revoked after a sign-out');
      }
    },
  };
}
