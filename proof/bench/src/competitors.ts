import { planPairs, startSocketLoad } from './lanes.ts';
import type { Load, LoadResult } from './load/drive.ts';
import { ejabberd } from './peers/ejabberd.ts';
import { prosody } from './peers/prosody.ts';
import { openXmpp } from './peers/xmpp-server.ts';
import { type Competitor, measureLoad } from './rounds.ts';
import { startSystem } from './system.ts';
import { startWorker } from './worker.ts';

/** Starts Parley, the bare echo, and the peers that are installed. */
export async function openCompetitors(pairs: number, log: (line: string) => void): Promise<Competitor[]> {
  const opened: Competitor[] = [];
  try {
    for (const open of [openParley, openEcho]) opened.push(await open(pairs));
    for (const peer of [ejabberd, prosody]) {
      const competitor = await openXmpp(peer, pairs, log);
      if (competitor) opened.push(competitor);
    }
    return opened;
  } catch (error) {
    for (const { stop } of opened) await stop();
    throw error;
  }
}

async function openParley(pairs: number): Promise<Competitor> {
  const system = await startSystem();
  const load = startSocketLoad();
  await load.ask({ plan: await planPairs(system, pairs) });
  return {
    name: 'Parley',
    measure: (question) =>
      measureLoad(load, question, { ...system.processes(), 'load of Parley': [load.pid] }),
    async stop() {
      await load.stop();
      await system.stop();
    },
  };
}

async function openEcho(pairs: number): Promise<Competitor> {
  const floor = startWorker<object, string>('floors/echo-floor.ts');
  const load = startWorker<{ url: string; sockets: number } | { load: Load }, LoadResult>('load/echo.ts');
  await load.ask({ url: await floor.ask({}), sockets: pairs });
  return {
    name: 'floor (c), a bare echo',
    measure: (question) => measureLoad(load, question, { echo: [floor.pid], 'load of the echo': [load.pid] }),
    async stop() {
      await load.stop();
      await floor.stop();
    },
  };
}
