import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { insertFromSignUp } from '@parley/core/people/users';
import { userPoolClientId, userPoolId } from '@parley/engines/cognito-local';
import { launch } from '@parley/engines/launch';
import getPort from 'get-port';
import { decodeJwt } from 'jose';
import { createWorld, type World } from '../testing/world.ts';

let world: World;
let api: Awaited<ReturnType<World['node']>>;
beforeAll(async () => {
  world = await createWorld();
  api = await world.node();
});
afterAll(() => world.close());

describe('a sign-out', () => {
  it('ends every token of the person on every node at once, and a new sign-in works', async () => {
    const second = await world.node();
    const [ada, ben] = [await world.person('ada'), await world.person('ben')];
    const sameSecond = { token: await world.issuer.token(ada.sub) };
    const old = {
      token: await world.issuer.token(ada.sub, { claims: { iat: 1_700_000_000, auth_time: 1_700_000_000 } }),
    };
    for (const node of [api, second]) expect((await node.get('/api/profile', { as: ada })).status).toBe(200);

    expect(await api.post('/api/sign-out', { as: ada })).toMatchObject({ status: 200, body: {} });
    const fresh = { token: await world.issuer.token(ada.sub) };
    for (const node of [second, api]) {
      for (const as of [ada, sameSecond, old]) {
        expect(await node.get('/api/profile', { as })).toMatchObject({ status: 401, body: ['generic_401'] });
      }
      expect((await node.get('/api/profile', { as: fresh })).status).toBe(200);
      expect((await node.get('/api/profile', { as: ben })).status).toBe(200);
    }
  });

  it('ends tokens from a clock that runs ahead, and tokens refreshed from an earlier sign-in', async () => {
    const cleo = await world.person('cleo');
    const now = Math.floor(Date.now() / 1_000);
    const ahead = {
      token: await world.issuer.token(cleo.sub, { claims: { iat: now + 60, auth_time: now + 60 } }),
    };
    expect((await api.post('/api/sign-out', { as: ahead })).status).toBe(200);
    expect((await api.get('/api/profile', { as: ahead })).status).toBe(401);
    const refreshed = {
      token: await world.issuer.token(cleo.sub, { claims: { iat: now + 120, auth_time: now - 5 } }),
    };
    expect((await api.get('/api/profile', { as: refreshed })).status).toBe(401);
  });

  it('cannot be done twice with one token, or without a token', async () => {
    const dora = await world.person('dora');
    await api.post('/api/sign-out', { as: dora, body: {} });
    for (const as of [dora, undefined]) {
      expect(await api.post('/api/sign-out', { as })).toMatchObject({ status: 401, body: ['generic_401'] });
    }
  });

  it('ends the refresh tokens of the sign-in, and a token that one of them made during the sign-out', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'parley-sign-out-'));
    const engine = await launch('cognito', { port: await getPort(), dir, runnerUrl: 'http://127.0.0.1:9' });
    const node = await world.node({
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: engine.url,
      COGNITO_USER_POOL_ID: userPoolId,
      COGNITO_USER_POOL_CLIENT_ID: userPoolClientId,
      TOKEN_ISSUER: `${engine.url}/${userPoolId}`,
    });
    const call = async (operation: string, body: object) => {
      const headers = {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `AWSCognitoIdentityProviderService.${operation}`,
      };
      const answer = await fetch(engine.url, {
        method: 'POST',
        headers,
        body: JSON.stringify({ ClientId: userPoolClientId, ...body }),
      });
      return JSON.parse(await answer.text());
    };
    try {
      const person = { Username: 'ella@example.com', Password: 'Correct-horse-1' };
      const { UserSub: sub } = await call('SignUp', person);
      await call('ConfirmSignUp', { ...person, ConfirmationCode: '123456' });
      const ella = await insertFromSignUp(world.database.pool, { sub, email: person.Username });
      const signIn = () =>
        call('InitiateAuth', {
          AuthFlow: 'USER_PASSWORD_AUTH',
          AuthParameters: { USERNAME: person.Username, PASSWORD: person.Password },
        });
      const refresh = (REFRESH_TOKEN: string) =>
        call('InitiateAuth', { AuthFlow: 'REFRESH_TOKEN_AUTH', AuthParameters: { REFRESH_TOKEN } });
      const { AuthenticationResult: first } = await signIn();
      const { AuthenticationResult: second } = await signIn();
      const { AuthenticationResult: renewed } = await refresh(second.RefreshToken);
      expect(decodeJwt(renewed.AccessToken).auth_time).toBe(decodeJwt(second.AccessToken).auth_time);
      expect((await node.post('/api/sign-out', { as: { ...ella, token: first.AccessToken } })).status).toBe(
        200,
      );
      for (const { RefreshToken } of [first, second])
        expect(await refresh(RefreshToken)).toMatchObject({ __type: 'NotAuthorizedException' });
      for (const { AccessToken } of [first, second, renewed])
        expect((await node.get('/api/profile', { as: { ...ella, token: AccessToken } })).status).toBe(401);
    } finally {
      await engine.stop();
      rmSync(dir, { recursive: true });
    }
  });
});
