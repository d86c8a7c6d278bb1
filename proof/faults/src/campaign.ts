import { type CheckResult, check as checkTable } from '@parley/core/audit/check';
import { type Cluster, startCluster } from './cluster.ts';
import { countLetters, drain, readFinal, waitForErasures } from './final.ts';
import { createRecorder, type History, type Recorder } from './history.ts';
import { inject } from './inject.ts';
import { createLiveView } from './live-view.ts';
import { createRandom } from './random.ts';
import { type ScheduleOptions, scheduleFaults } from './schedule.ts';
import { createTableFaults } from './table-faults.ts';
import { type Actor, live, setUp } from './workload.ts';

export type CampaignOptions = ScheduleOptions & {
  people?: number;
  /** The percentage of people who erase themselves. */
  erasePercent?: number;
  /** Plants a loss that the checker must find. */
  losesFirstMessages?: boolean | undefined;
  onProgress?: (line: string) => void;
  /** The folder for the logs of the processes. */
  copyLogsIn?: string | undefined;
};

export type CampaignResult = {
  history: History;
  /** The number of requests that each fault hit, and of poisoned records. */
  hits: Record<string, number>;
  /** The result of `bin/check` for the table. */
  check: CheckResult;
  /** The number of dead letters of poisoned records (each must become one), and of other records. */
  letters: { poisoned: number; lost: number };
  /** The number of first messages that were acknowledged but deliberately not written. */
  planted: number;
};

/** The time in which everybody must receive everything, plus a second for a loaded machine. */
const drainMs = 16_000;
/** Requests without an answer are given up this long after the last fault. */
const patienceMs = 30_000;

/** Runs one campaign: simulated people use the cluster during scheduled faults and record their calls and answers. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { seed, minutes, people = 50, erasePercent = 8, onProgress = () => {} } = options;
  const tableFaults = createTableFaults(options);
  const cluster = await startCluster(tableFaults);
  let actors: Actor[] = [];
  try {
    const recorder = createRecorder();
    const gathered = await gather(cluster, recorder, seed, people);
    const { directory } = gathered;
    actors = gathered.actors;
    const conversations = await setUp(actors, createRandom(seed, 3_000_000));
    onProgress(`seed ${seed}: ${people} people in ${conversations.length} conversations`);
    const startedAt = performance.now();
    const time = { progress: () => (performance.now() - startedAt) / (minutes * 60_000), erasePercent };
    const lives = Promise.all(actors.map((actor) => live(actor, actors, conversations, time)));
    const faults = scheduleFaults(options);
    await Promise.all(faults.map((fault) => inject(cluster, tableFaults, recorder, fault)));
    onProgress(`seed ${seed}: the faults are over`);
    await endOf(lives, actors);
    await waitForErasures(cluster);
    await drain(actors, recorder, drainMs);
    for (const service of Object.values(cluster.services)) service.assertAlive();
    // A late attempt to sign out may have ended even the newest token.
    await Promise.all(actors.filter(isAlive).map(({ view }) => view.identity.renew()));
    await readFinal(actors, cluster, directory, recorder);
    return {
      history: recorder.history,
      hits: { ...tableFaults.hits, 'poisoned-record': tableFaults.poisoned() },
      check: await checkTable(cluster.table, cluster.pool),
      letters: await countLetters(cluster, tableFaults.poisoned()),
      planted: tableFaults.losses(),
    };
  } finally {
    for (const { view } of actors) view.stop();
    if (options.copyLogsIn) cluster.copyLogs(options.copyLogsIn);
    await cluster.close();
  }
}

const isAlive = ({ view }: Actor) => !view.identity.isErased;

async function endOf(lives: Promise<unknown>, actors: Actor[]) {
  const timer = setTimeout(() => {
    for (const { view } of actors) view.asker.giveUp();
  }, patienceMs);
  await lives;
  clearTimeout(timer);
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
