import { setTimeout as sleep } from 'node:timers/promises';
import { type CheckResult, check as checkTable } from '@parley/core/check';
import { type Cluster, startCluster } from './cluster.ts';
import { countLetters, drain, readFinal } from './final.ts';
import { createRecorder, type History, type Recorder } from './history.ts';
import { createLiveView } from './live-view.ts';
import { type PlanOptions, planFaults } from './plan.ts';
import { createRandom } from './random.ts';
import { suffer } from './suffer.ts';
import { createWeather } from './weather.ts';
import { type Actor, live, setUp } from './workload.ts';

export type CampaignOptions = PlanOptions & {
  people?: number;
  onProgress?: (line: string) => void;
  /** Where the logs of the processes go. */
  keepLogsIn?: string | undefined;
};

export type CampaignResult = {
  history: History;
  /** Requests that each weather met, and records that were poisoned. */
  hits: Record<string, number>;
  /** What `bin/check` says of the table. */
  check: CheckResult;
  /** Dead letters: of poisoned records (each must become one), and of those that nobody poisoned. */
  letters: { poisoned: number; lost: number };
};

/** Time in which everybody must hear of everything, with a second for the machine. */
const drainMs = 16_000;
/** What is still not answered this long after the last fault is given up. */
const patienceMs = 30_000;

/** Runs one campaign: people who live through the faults of a plan, and what they put down of it. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { seed, minutes, people = 50, onProgress = () => {} } = options;
  const weather = createWeather(seed);
  const cluster = await startCluster(weather);
  let actors: Actor[] = [];
  try {
    const recorder = createRecorder();
    const gathered = await gather(cluster, recorder, seed, people);
    const { directory } = gathered;
    actors = gathered.actors;
    const conversations = await setUp(actors, createRandom(seed, 3_000_000));
    onProgress(`seed ${seed}: ${people} people in ${conversations.length} conversations`);
    const endsAt = performance.now() + minutes * 60_000;
    const isOver = () => performance.now() > endsAt;
    const lives = Promise.all(actors.map((actor) => live(actor, actors, conversations, isOver)));
    await Promise.all(planFaults(options).map((fault) => suffer(cluster, weather, recorder, fault)));
    onProgress(`seed ${seed}: the faults are over`);
    await Promise.race([lives, giveUpLater(actors)]);
    await drain(actors, recorder, drainMs);
    for (const service of Object.values(cluster.services)) service.assertAlive();
    await readFinal(actors, cluster.nodes['backend-1'], directory, recorder);
    return {
      history: recorder.history,
      hits: { ...weather.hits, 'poisoned-record': weather.poisoned() },
      check: await checkTable(cluster.table, cluster.pool),
      letters: await countLetters(cluster, weather.poisoned()),
    };
  } finally {
    for (const { view } of actors) view.stop();
    if (options.keepLogsIn) cluster.keepLogs(options.keepLogsIn);
    await cluster.close();
  }
}

async function giveUpLater(actors: Actor[]) {
  await sleep(patienceMs, undefined, { ref: false });
  for (const { view } of actors) view.asker.giveUp();
}

async function gather({ person, nodes }: Cluster, recorder: Recorder, seed: number, count: number) {
  const names = Array.from({ length: count }, (_, index) => `person${index + 1}`);
  const identities = await Promise.all(names.map(person));
  const handles = new Map(identities.map(({ uuid, handle }) => [uuid, handle]));
  const directory = { handleOf: (uuid: string) => handles.get(uuid) ?? '' };
  const people = identities.map(({ uuid, handle }) => ({ uuid, handle }));
  recorder.put({ type: 'begin', seed, wallMs: Date.now(), people });
  const actors = identities.map((identity, index) => {
    const random = createRandom(seed, index);
    const view = createLiveView({ identity, nodes, random, recorder, directory });
    view.start();
    return { view, random };
  });
  return { actors, directory };
}
