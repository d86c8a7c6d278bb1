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
    throw new UsageError('Give an e-mail address and a password. See --help.');
  const password = given ?? (await readPassword());
  const signIn = await signInOf(values.base ?? (await localBase()));
  const client = new CognitoIdentityProviderClient({
    region: signIn.region,
    endpoint: signIn.cognito_endpoint,
  });
  try {
    const { AuthenticationResult, ChallengeName } = signIn.auth_flows.includes('USER_SRP_AUTH')
      ? await signInBySrp(client, signIn, email, password)
      : await signInByPassword(client, signIn, email, password);
    if (!AuthenticationResult?.AccessToken)
      throw new UsageError(`The sign-in requires more than a password: ${ChallengeName}.`);
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

/** Cognito's errors for a wrong address or password. */
const refusals = new Set(['NotAuthorizedException', 'UserNotFoundException', 'InvalidPasswordException']);

async function readPassword() {
  if (process.stdin.isTTY)
    throw new UsageError('The password is missing. Give it as an argument or on standard input.');
  return (await text(process.stdin)).replace(/\r?\n$/, '');
}

/** The address of the system on this machine. */
async function localBase() {
  const { HOST, PORT } = loadConfig(process.env);
  const host = ['0.0.0.0', '::'].includes(HOST) ? '127.0.0.1' : HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${PORT}`;
}

/** Reads from the API where to sign in. */
async function signInOf(base: string): Promise<SignIn> {
  if (!/^https?:\/\//.test(base) || !URL.canParse(base))
    throw new UsageError(`--base needs an http(s) address, not ${base}.`);
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
      `${url} answers ${response.status}${isJson ? '' : ' without JSON'}. Is Parley running there?`,
    );
  return (await response.json()) as SignIn;
}

/** Proves the password without sending it. */
async function signInBySrp(
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

/** Sends the password, which is allowed only within this machine. */
async function signInByPassword(
  client: CognitoIdentityProviderClient,
  signIn: SignIn,
  email: string,
  password: string,
) {
  if (!/^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(signIn.cognito_endpoint).hostname))
    throw new UsageError(
      'The sign-in does not support SRP, and a plain password is not sent to another machine.',
    );
  return client.send(
    new InitiateAuthCommand({
      ClientId: signIn.user_pool_client_id,
      AuthFlow: 'USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: email, PASSWORD: password },
    }),
  );
}

await run(main);
