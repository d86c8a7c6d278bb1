import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { openSocket } from '@parley/client/live/open-socket';
import { WebSocket, WebSocketServer } from 'ws';
import { createRecorder } from './history.ts';
import { createAsker } from './person.ts';
import { createRandom } from './random.ts';

it('retries a request that a socket refused because its token was signed out', async () => {
  const entry = { uuid: 'e', seq: 1, type: 'message', message_group_uuid: 'g', user_uuid: 'u', message: 'm' };
  const server = createServer((_req, res) => res.end(JSON.stringify({ ...entry, created_at: 'now' })));
  let refused = 0;
  new WebSocketServer({ server }).on('connection', (ws) =>
    ws.on('message', (data) => {
      const { id, action } = JSON.parse(String(data));
      const isLetIn = action !== 'message.send';
      if (!isLetIn) refused += 1;
      const outcome = isLetIn
        ? { success: true, data: {} }
        : { success: false, error: { code: 'generic_401' } };
      ws.send(JSON.stringify({ type: 'response', request_id: id, ...outcome }));
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const live = await openSocket({
    url: url.replace('http', 'ws'),
    WebSocket,
    token: 'old',
    onEvent: () => {},
  });
  const asker = createAsker({
    identity: {
      ...{ uuid: 'u', handle: 'u', tokens: ['old', 'new'] },
      ...{ isSigningOut: false, mayBeSignedOut: false, isErased: false, renew: async () => {} },
    },
    nodes: { node: url },
    random: createRandom(1),
    recorder: createRecorder(),
    directory: { handleOf: (uuid) => uuid },
  });
  asker.use(live);
  for (let count = 0; refused === 0 && count < 50; count += 1)
    expect(await asker.ask({ kind: 'send', group: 'g', message: 'm', key: 'k', known: 0 })).toMatchObject({
      outcome: 'ok',
    });
  expect(refused).toBeGreaterThan(0);
  live.close();
  await new Promise((resolve) => server.close(resolve));
});
