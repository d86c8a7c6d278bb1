import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { urlOf } from '../http/server.ts';
import { createWorld, type World } from '../testing/world.ts';

type Attributes = Record<string, string>;

/** A sign-in that answers only GetUser. It knows people by their tokens. */
async function createGetUserServer() {
  const people = new Map<string, Attributes>();
  let asked = 0;
  const server = createServer(async (req, res) => {
    asked += 1;
    const { AccessToken } = (await json(req)) as { AccessToken: string };
    const attributes = people.get(AccessToken);
    if (attributes?.hangs) return;
    res.setHeader('Content-Type', 'application/x-amz-json-1.1');
    if (!attributes) {
      res
        .writeHead(400)
        .end(JSON.stringify({ __type: 'NotAuthorizedException', message: 'Access Token has been revoked' }));
      return;
    }
    const UserAttributes = Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
    res.end(JSON.stringify({ Username: attributes.sub, UserAttributes }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: urlOf(server),
    people,
    asked: () => asked,
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

let world: World;
let signIn: Awaited<ReturnType<typeof createGetUserServer>>;
let api: Awaited<ReturnType<World['node']>>;
beforeAll(async () => {
  [world, signIn] = await Promise.all([createWorld(), createGetUserServer()]);
  api = await world.node({ AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: signIn.url });
});
afterAll(async () => {
  await world.close();
  await signIn.close();
});

/** A person who signed up, but whose trigger failed to insert them. */
async function signedUp(attributes: Attributes = {}) {
  const sub = randomUUID();
  const token = await world.issuer.token(sub);
  signIn.people.set(token, { sub, email: `${sub}@example.com`, ...attributes });
  return { sub, token };
}

describe('a valid token of an unknown person', () => {
  it('inserts the person once, with the attributes of the sign-up, even for concurrent requests', async () => {
    const person = await signedUp({ preferred_username: 'late-ada', name: 'Late Ada' });
    const before = signIn.asked();
    const replies = await Promise.all(
      Array.from({ length: 5 }, () => api.get('/api/profile', { as: person })),
    );
    for (const reply of replies) {
      expect(reply).toMatchObject({
        status: 200,
        body: { handle: 'late-ada', display_name: 'Late Ada', bio: '' },
      });
    }
    expect(new Set(replies.map(({ body }) => body.uuid)).size).toBe(1);
    expect((await api.get('/api/profile', { as: person })).status).toBe(200);
    expect(signIn.asked() - before).toBe(1);
  });

  it('is 403 if the sign-in does not know it either, and the sign-in is not asked again for a while', async () => {
    const token = await world.issuer.token(randomUUID());
    const before = signIn.asked();
    for (const _ of [1, 2, 3]) {
      expect(await api.get('/api/profile', { as: { token } })).toMatchObject({
        status: 403,
        body: ['profile_missing'],
      });
    }
    expect(signIn.asked() - before).toBe(1);
  });

  it('is 403 if the sign-in answers with another person', async () => {
    const person = await signedUp({ sub: randomUUID() });
    expect(await api.get('/api/profile', { as: person })).toMatchObject({
      status: 403,
      body: ['profile_missing'],
    });
  });

  it('is 503 while the sign-in is unreachable or does not answer', async () => {
    const away = await world.node();
    const person = await signedUp();
    expect(await away.get('/api/profile', { as: person })).toMatchObject({ status: 503, body: ['busy'] });
    const unlucky = await signedUp({ hangs: 'yes' });
    expect(await api.get('/api/profile', { as: unlucky })).toMatchObject({ status: 503, body: ['busy'] });
  });
});
