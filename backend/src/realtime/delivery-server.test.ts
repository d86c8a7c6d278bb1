import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createClock } from '@parley/core/clock';
import { type Delivery, sign, signatureHeader } from '@parley/core/delivery';
import { createLogger } from '../logger.ts';
import { createDeliveryServer } from './delivery-server.ts';

const secrets = ['new', 'old'];
const taken: Delivery[] = [];
let url: string;
const server = createDeliveryServer({
  secrets,
  clock: createClock(),
  logger: createLogger('silent'),
  onDelivery: (delivery) => taken.push(delivery),
  online: (userUuids) => userUuids.slice(0, 1),
});
beforeAll(async () => {
  url = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
});
afterAll(() => server.close());

const body = Buffer.from(JSON.stringify({ events: [{ event: 'sessions_ended', user_uuid: 'x' }] }));
const signed = (changes: Partial<{ secret: string; path: string; body: Buffer; nowMs: number }> = {}) =>
  sign(changes.secret ?? 'new', { path: '/deliver', body, nowMs: Date.now(), ...changes });

async function post(signature: string | undefined, path = '/deliver', sent: Buffer = body) {
  const headers: Record<string, string> = signature === undefined ? {} : { [signatureHeader]: signature };
  return (await fetch(`${url}${path}`, { method: 'POST', headers, body: new Uint8Array(sent) })).status;
}

it('takes what is signed with one of the secrets, once', async () => {
  const signature = signed();
  expect(await post(signature)).toBe(200);
  expect(await post(signature)).toBe(401);
  expect(await post(signed({ secret: 'old' }))).toBe(200);
  expect(taken).toHaveLength(2);
});

it('refuses what is not signed, or for another path, body or time', async () => {
  const minutes = 60_000;
  const wrong = [
    undefined,
    '',
    'Bearer x',
    '..',
    signed({ secret: 'guessed' }),
    signed({ path: '/online' }),
    signed({ body: Buffer.from('{}') }),
    signed({ nowMs: Date.now() - 6 * minutes }),
    signed({ nowMs: Date.now() + 6 * minutes }),
  ];
  for (const signature of wrong) expect(await post(signature)).toBe(401);
  expect(await post(signed({ nowMs: Date.now() - 4 * minutes }))).toBe(200);
  expect((await fetch(`${url}/deliver`)).status).toBe(404);
  expect(await post(signed({ path: '/' }), '/')).toBe(404);
});

it('survives a body that is nothing', async () => {
  for (const text of ['', 'x', '[]', '{"events":[1]}', '{"conversations":{}}']) {
    const sent = Buffer.from(text);
    expect(await post(signed({ body: sent }), '/deliver', sent)).toBe(400);
  }
  expect(await post(signed())).toBe(200);
});
