import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import {
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
  type InitiateAuthCommandOutput,
  RespondToAuthChallengeCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { loadConfig } from '@parley/config/config';
import { UsageError } from '@parley/config/explain';
import { createSrpSession, signSrpSession, wrapAuthChallenge, wrapInitiateAuth } from 'cognito-srp-helper';
import { run } from './connect.ts';

type SignIn = {
  region: string;
  user_pool_id: string;
  user_pool_client_id: string;
  cognito_endpoint: string;
  auth_flows: string[];
};

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { base: { type: 'string' } },
  });
  const [email, given] = positionals;
  if (!email || positionals.length > 2)
    throw new UsageError('Who? Give an e-mail address and a password. See --help.');
  const password = given ?? (await typedPassword());
  const signIn = await signInOf(values.base ?? (await localBase()));
  const client = new CognitoIdentityProviderClient({
    region: signIn.region,
    endpoint: signIn.cognito_endpoint,
  });
  try {
    const { AuthenticationResult, ChallengeName } = signIn.auth_flows.includes('USER_SRP_AUTH')
      ? await proved(client, signIn, email, password)
      : await sent(client, signIn, email, password);
    if (!AuthenticationResult?.AccessToken)
      throw new UsageError(`The sign-in asks for more than a password: ${ChallengeName}.`);
    console.log(AuthenticationResult.AccessToken);
    return 0;
  } catch (error) {
    if (!(error instanceof Error) || !refusals.has(error.name)) throw error;
    console.error('The e-mail address or the password is wrong.');
    return 1;
  } finally {
    client.destroy();
  }
}

/** Cognito has several names for it, and says as little. */
const refusals = new Set(['NotAuthorizedException', 'UserNotFoundException', 'InvalidPasswordException']);

async function typedPassword() {
  if (process.stdin.isTTY)
    throw new UsageError('The password is missing: give it as an argument or on standard input.');
  return (await text(process.stdin)).replace(/\r?\n$/, '');
}

/** The system that runs here. */
async function localBase() {
  const { HOST, PORT } = loadConfig(process.env);
  const host = ['0.0.0.0', '::'].includes(HOST) ? '127.0.0.1' : HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${PORT}`;
}

/** Where to sign in, as the API tells every client. */
async function signInOf(base: string): Promise<SignIn> {
  if (!/^https?:\/\//.test(base) || !URL.canParse(base))
    throw new UsageError(`--base takes an address, not ${base}.`);
  const url = `${base.replace(/\/$/, '')}/api/client-config`;
  const response = await fetch(url, {
    headers: { Accept: 'application/json' },
    signal: AbortSignal.timeout(10_000),
  }).catch((error) => {
    throw new UsageError(`${url} does not answer.`, { cause: error });
  });
  const isJson = response.headers.get('content-type')?.includes('json');
  if (!response.ok || !isJson)
    throw new UsageError(
      `${url} answers ${response.status}${isJson ? '' : ' and no JSON'}. Is Parley there?`,
    );
  return (await response.json()) as SignIn;
}

/** Proves the password without sending it. */
async function proved(
  client: CognitoIdentityProviderClient,
  signIn: SignIn,
  email: string,
  password: string,
) {
  const { user_pool_client_id: ClientId, user_pool_id } = signIn;
  const session = createSrpSession(email, password, user_pool_id, false);
  const challenge: InitiateAuthCommandOutput = await client.send(
    new InitiateAuthCommand(
      wrapInitiateAuth(session, {
        ClientId,
        AuthFlow: 'USER_SRP_AUTH',
        AuthParameters: { CHALLENGE_NAME: 'SRP_A', USERNAME: email },
      }),
    ),
  );
  if (challenge.ChallengeName !== 'PASSWORD_VERIFIER') return challenge;
  return client.send(
    new RespondToAuthChallengeCommand(
      wrapAuthChallenge(signSrpSession(session, challenge), {
        ClientId,
        ChallengeName: 'PASSWORD_VERIFIER',
        ChallengeResponses: { USERNAME: challenge.ChallengeParameters?.USER_ID_FOR_SRP ?? email },
      }),
    ),
  );
}

/** A password travels on this machine alone. */
async function sent(client: CognitoIdentityProviderClient, signIn: SignIn, email: string, password: string) {
  if (!/^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(signIn.cognito_endpoint).hostname))
    throw new UsageError('The sign-in offers no proof of the password, and none is sent to another machine.');
  return client.send(
    new InitiateAuthCommand({
      ClientId: signIn.user_pool_client_id,
      AuthFlow: 'USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: email, PASSWORD: password },
    }),
  );
}

await run(main);
