import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CognitoIdentityProviderClient,
  ConfirmSignUpCommand,
  InitiateAuthCommand,
  SignUpCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import getPort from 'get-port';
import { cognitoIssuer, confirmationCode, userPoolClientId, userPoolId } from './cognito-local.ts';
import { launch } from './launch.ts';

const ClientId = userPoolClientId;
const Password = 'Correct-horse-1';
const email = 'ada@example.com';

let dir: string;
let port: number;
let runner: Server;
let engine: { url: string; stop(): Promise<void> };
let client: CognitoIdentityProviderClient;
const invocations: { url: string | undefined; event: unknown }[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'parley-cognito-'));
  port = await getPort();
  runner = createServer((request, response) => {
    let body = '';
    request.on('data', (data) => {
      body += data;
    });
    request.on('end', () => {
      const event = JSON.parse(body);
      invocations.push({ url: request.url, event });
      if (event.request.userAttributes.preferred_username !== 'taken') return response.end(body);
      response.setHeader('X-Amz-Function-Error', 'Unhandled');
      response.end(JSON.stringify({ errorType: 'SignUpRefused', errorMessage: 'handle_taken: another one' }));
    });
  });
  await new Promise<void>((resolve) => runner.listen(0, '127.0.0.1', resolve));
  const runnerUrl = `http://127.0.0.1:${(runner.address() as AddressInfo).port}`;
  engine = await launch('cognito', { port, dir, runnerUrl });
  client = new CognitoIdentityProviderClient({
    region: 'us-east-1',
    endpoint: engine.url,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
});
afterAll(async () => {
  client.destroy();
  await engine.stop();
  await new Promise((resolve) => runner.close(resolve));
  rmSync(dir, { recursive: true });
});

const signIn = () =>
  client.send(
    new InitiateAuthCommand({
      ClientId,
      AuthFlow: 'USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: email, PASSWORD: Password },
    }),
  );

const claims = (token = '') => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

describe('the embedded sign-in', () => {
  it('signs a person up, confirms with the fixed code and invokes the Lambda', async () => {
    const attributes = { preferred_username: 'ada', name: 'Ada Lovelace', email };
    const UserAttributes = Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
    const { UserSub } = await client.send(
      new SignUpCommand({ ClientId, Username: email, Password, UserAttributes }),
    );
    await client.send(
      new ConfirmSignUpCommand({ ClientId, Username: email, ConfirmationCode: confirmationCode }),
    );
    expect(invocations).toEqual([
      {
        url: '/2015-03-31/functions/pre-sign-up/invocations',
        event: expect.objectContaining({
          triggerSource: 'PreSignUp_SignUp',
          request: { userAttributes: { ...attributes, sub: UserSub } },
        }),
      },
      {
        url: '/2015-03-31/functions/post-confirmation/invocations',
        event: expect.objectContaining({
          triggerSource: 'PostConfirmation_ConfirmSignUp',
          userPoolId,
          request: { userAttributes: expect.objectContaining({ ...attributes, sub: UserSub }) },
        }),
      },
    ]);
  });

  it('creates no account if the Lambda refuses it, and returns the reason', async () => {
    const Username = 'taken@example.com';
    const UserAttributes = [{ Name: 'preferred_username', Value: 'taken' }];
    const attempt = () => client.send(new SignUpCommand({ ClientId, Username, Password, UserAttributes }));
    await expect(attempt()).rejects.toMatchObject({
      name: 'UserLambdaValidationException',
      message: 'PreSignUp failed with error handle_taken: another one.',
    });
    await client.send(new SignUpCommand({ ClientId, Username, Password }));
    await expect(attempt()).rejects.toMatchObject({ name: 'UsernameExistsException' });
  });

  it('issues access tokens of its issuer and refreshes them', async () => {
    const { AuthenticationResult } = await signIn();
    const expected = { iss: cognitoIssuer(port), client_id: ClientId, token_use: 'access' };
    expect(claims(AuthenticationResult?.AccessToken)).toMatchObject(expected);
    const refreshed = await client.send(
      new InitiateAuthCommand({
        ClientId,
        AuthFlow: 'REFRESH_TOKEN_AUTH',
        AuthParameters: { REFRESH_TOKEN: AuthenticationResult?.RefreshToken ?? '' },
      }),
    );
    expect(claims(refreshed.AuthenticationResult?.AccessToken)).toMatchObject(expected);
  });

  it('keeps its state intact when many sign in at once', async () => {
    await Promise.all(Array.from({ length: 20 }, signIn));
    await engine.stop();
    const { Users } = JSON.parse(readFileSync(join(dir, `.cognito/db/${userPoolId}.json`), 'utf8'));
    const [user] = Object.values(Users) as { Sessions: object[] }[];
    expect(user?.Sessions).toHaveLength(21);
    engine = await launch('cognito', { port, dir, runnerUrl: 'http://127.0.0.1:9' });
    expect((await signIn()).AuthenticationResult?.AccessToken).toBeDefined();
  });

  it('listens on loopback only', async () => {
    const outside = Object.values(networkInterfaces())
      .flat()
      .filter((address) => address?.family === 'IPv4' && !address.internal);
    for (const address of outside) {
      await expect(fetch(`http://${address?.address}:${port}/health`)).rejects.toThrow('fetch failed');
    }
    expect((await fetch(`${engine.url}/health`)).status).toBe(200);
  });
});
