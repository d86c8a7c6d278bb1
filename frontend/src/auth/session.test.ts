import { afterEach, expect, jest, test } from '@jest/globals';
import type { ClientConfig } from '../api/types.ts';
import { createKeptStorage } from '../storage.ts';
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
      createKeptStorage(() => browser),
      () => {},
    );
    session.open(await cognito.refresh('r'));
    for (let count = 0; count < 5; count += 1) await session.token();
    expect([refreshes(), session.validForMs()]).toEqual([1, hourMs]);
    passedMs = hourMs;
    await session.token();
    expect(refreshes()).toBe(2);
    jest.restoreAllMocks();
  }
});
