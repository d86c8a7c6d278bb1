import { afterEach, expect, jest, test } from '@jest/globals';
import type { ClientConfig } from '@parley/client/api/types';
import { createPageStorage } from '../storage.ts';
import { memoryStorage } from '../testing/memory-storage.ts';
import { createCognito } from './cognito.ts';
import { createSession } from './session.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

const hourMs = 3_600_000;
const config = { user_pool_client_id: 'c', cognito_endpoint: 'http://127.0.0.1:1' } as ClientConfig;

/** A user pool whose tokens are good for an hour of its own clock. */
function pool(clock: () => number) {
  let refreshes = 0;
  const fetch = async () => {
    const iat = Math.floor(clock() / 1_000);
    const claims = btoa(JSON.stringify({ iat, exp: iat + 3_600 }));
    refreshes += 1;
    return Response.json({ AuthenticationResult: { AccessToken: `h.${claims}.s`, ExpiresIn: 3_600 } });
  };
  return { cognito: createCognito(config, fetch), refreshes: () => refreshes };
}

test('a machine whose clock is two hours off renews its tokens once an hour, as others do', async () => {
  const now = Date.now();
  for (const offMs of [2 * hourMs, -2 * hourMs]) {
    const { cognito, refreshes } = pool(() => now);
    let passedMs = 0;
    jest.spyOn(Date, 'now').mockImplementation(() => now + offMs + passedMs);
    const browser = memoryStorage();
    const session = createSession(
      cognito,
      createPageStorage(() => browser),
      () => {},
    );
    session.open(await cognito.refresh('r'));
    const { token, validForMs } = session.credentials();
    for (let count = 0; count < 5; count += 1) await token();
    expect([refreshes(), validForMs()]).toEqual([1, hourMs]);
    passedMs = hourMs;
    await token();
    expect(refreshes()).toBe(2);
    jest.restoreAllMocks();
  }
});

/** A token of this person. */
const tokenOf = (sub: string) => `h.${btoa(JSON.stringify({ sub }))}.s`;
const tokensOf = (sub: string, expiresAtMs = Date.now() + hourMs) => ({
  access: tokenOf(sub),
  refresh: `refresh of ${sub}`,
  expiresAtMs,
});

function sessionOf(cognito: ReturnType<typeof createCognito>) {
  const browser = memoryStorage();
  return createSession(
    cognito,
    createPageStorage(() => browser),
    () => {},
  );
}

test('what was begun as one person never gets the token of another who signed in meanwhile', async () => {
  const session = sessionOf(pool(Date.now).cognito);
  session.open(tokensOf('maya'));
  const maya = session.credentials();
  expect(await maya.token()).toBe(tokenOf('maya'));
  session.open(tokensOf('tomas'));
  await expect(maya.token()).rejects.toThrow('You are signed out.');
  expect([maya.isCurrent(), maya.validForMs() < 0]).toEqual([false, true]);
  // Nor does a refusal that comes late touch what is not hers.
  maya.renew(tokenOf('tomas'));
  expect(await session.credentials().token()).toBe(tokenOf('tomas'));
});

test('a renewal that is refused late does not end the sign-in of somebody else', async () => {
  let answer = (_: Response) => {};
  const cognito = createCognito(config, () => new Promise((resolve) => (answer = resolve)));
  const session = sessionOf(cognito);
  session.open(tokensOf('maya', 0));
  const refused = session.credentials().token();
  await Promise.resolve();
  session.end();
  session.open(tokensOf('tomas'));
  answer(Response.json({ __type: 'NotAuthorizedException' }, { status: 400 }));
  await expect(refused).rejects.toThrow();
  expect(await session.credentials().token()).toBe(tokenOf('tomas'));
});
