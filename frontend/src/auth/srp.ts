import type { ClientConfig } from '@parley/client/api/types';
import { createSrpSession, signSrpSession, wrapAuthChallenge, wrapInitiateAuth } from 'cognito-srp-helper';
import type { Call } from './cognito-wire.ts';

type Challenge = Parameters<typeof signSrpSession>[1];

/** Proves the password without sending it. Loaded only if the user pool offers it. */
export async function signInWithSrp(call: Call, config: ClientConfig, email: string, password: string) {
  const session = createSrpSession(email, password, config.user_pool_id, false);
  const ClientId = config.user_pool_client_id;
  const challenge = await call<Challenge>(
    'InitiateAuth',
    wrapInitiateAuth(session, {
      ClientId,
      AuthFlow: 'USER_SRP_AUTH',
      AuthParameters: { CHALLENGE_NAME: 'SRP_A', USERNAME: email },
    }),
  );
  if (challenge.ChallengeName !== 'PASSWORD_VERIFIER') return challenge as object;
  return call<object>(
    'RespondToAuthChallenge',
    wrapAuthChallenge(signSrpSession(session, challenge), {
      ClientId,
      ChallengeName: 'PASSWORD_VERIFIER',
      ChallengeResponses: { USERNAME: challenge.ChallengeParameters?.USER_ID_FOR_SRP ?? email },
    }),
  );
}
