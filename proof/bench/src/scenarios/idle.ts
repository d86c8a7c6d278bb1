import { setTimeout as sleep } from 'node:timers/promises';
import { createApp } from '@parley/backend/app';
import { createContext } from '@parley/backend/context';
import { createHttpServer } from '@parley/backend/http/server';
import { createLogger } from '@parley/backend/observe/logger';
import { loadConfig } from '@parley/config/config';
import { renewAfterMs } from '@parley/core/live/connections';
import { heartbeatMs } from '@parley/core/live/nodes';
import getPort from 'get-port';
import { counted } from '../figures.ts';
import { startSocketLoad } from '../lanes.ts';
import { dollars } from '../scale/bill.ts';
import type { Scenario } from '../scenario.ts';
import { people, startSystem } from '../system.ts';
import { countUnits } from '../units/count-units.ts';

const socketsOfMonth = 5_000;
const monthMs = 30 * 24 * 60 * 60_000;

/** The cost of silent sockets: heartbeats of the node, and the items of connected people. */
export const idle: Scenario = {
  name: 'idle',
  about: `units of ${socketsOfMonth} connected sockets for a month`,
  async run({ isQuick, isFull }) {
    const count = isQuick ? 10 : isFull ? socketsOfMonth : 500;
    const system = await startSystem({ api: null });
    const load = startSocketLoad();
    const config = loadConfig({ ...system.env, DELIVERY_PORT: String(await getPort()) });
    const ctx = createContext(config, createLogger('silent'));
    const units = countUnits(ctx.table);
    const server = createHttpServer(createApp(ctx));
    server.onUpgrade(ctx.gateway.upgrade);
    try {
      await ctx.gateway.start();
      const url = await server.listen(0, '127.0.0.1');
      const tokens = (await people(system, count)).map(({ token }) => token);
      await sleep(1_000);
      units.reset();
      await load.ask({ plan: { url, tokens, lanes: [], receivers: 1 } });
      const connecting = units.reset();
      // Presence of newly connected people is published for some seconds.
      if (!isQuick) await sleep(5_000);
      units.reset();
      const heartbeats = isQuick ? 1 : 3;
      await sleep(heartbeats * heartbeatMs);
      const idling = units.reset();
      const write = (idling.write * monthMs) / (heartbeats * heartbeatMs);
      const read = (idling.read * monthMs) / (heartbeats * heartbeatMs);
      const renewing = ((connecting.write / count) * socketsOfMonth * monthMs) / renewAfterMs;
      return [
        counted(
          'idle',
          `${socketsOfMonth} sockets for a month`,
          dollars({ write: write + renewing, read }),
          'dollars',
          {
            target: { of: 'value', atMost: 10 },
            also: {
              'sockets measured': count,
              'write units a heartbeat': idling.write / heartbeats,
              'read units a heartbeat': idling.read / heartbeats,
              'write units to connect and to renew one': connecting.write / count,
            },
          },
        ),
      ];
    } finally {
      await load.stop();
      await Promise.all([server.close(), ctx.gateway.stop()]);
      await ctx.close();
      await system.stop();
    }
  },
};
