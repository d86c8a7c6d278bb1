import { setTimeout as sleep } from 'node:timers/promises';
import * as deadLetters from '@parley/core/dead-letters';
import pLimit from 'p-limit';
import type { Cluster } from './cluster.ts';
import type { Entry, Recorder } from './history.ts';
import { attemptHttp, type Directory, type Identity } from './requests.ts';
import { isPoisoned } from './stream-weather.ts';
import type { Actor } from './workload.ts';

const pollMs = 250;
const readsInFlight = 8;
const pageSize = 100;

/** Resolves when everybody's inbox and everybody's live view are level with each other, or after `maxMs`. */
export async function drain(actors: Actor[], recorder: Recorder, maxMs: number) {
  const deadline = performance.now() + maxMs;
  while (performance.now() < deadline && !(await isLevel(actors))) await sleep(pollMs);
  recorder.put({ type: 'drained', atMs: recorder.nowMs() });
}

async function isLevel(actors: Actor[]): Promise<boolean> {
  const newest = new Map<string, number>();
  const shown: [string, number][] = [];
  for (const { view } of actors) {
    const answer = await view.asker.ask({ kind: 'inbox' });
    if (answer.outcome !== 'ok' || !view.isSettled()) return false;
    for (const { uuid, last_seq } of answer.result.rows ?? []) {
      shown.push([uuid, last_seq], [uuid, view.known(uuid)]);
      newest.set(uuid, Math.max(newest.get(uuid) ?? 0, last_seq, view.known(uuid)));
    }
  }
  return shown.every(([uuid, seq]) => newest.get(uuid) === seq);
}

/** What each person reads at the end: the inbox, and every conversation that is in it, from its first entry. */
export async function readFinal(actors: Actor[], url: string, directory: Directory, recorder: Recorder) {
  const limit = pLimit(readsInFlight);
  await Promise.all(actors.map(({ view }) => limit(() => readAll(view.identity, url, directory, recorder))));
}

async function readAll(identity: Identity, url: string, directory: Directory, recorder: Recorder) {
  const person = identity.uuid;
  const { rows = [] } = await read(identity, url, { kind: 'inbox' }, directory);
  recorder.put({ type: 'final-inbox', person, rows });
  for (const { uuid: group } of rows) {
    const entries: Entry[] = [];
    for (let isMore = true; isMore; ) {
      const call = { kind: 'history', group, after: entries.length } as const;
      const page = (await read(identity, url, call, directory)).entries ?? [];
      entries.push(...page);
      isMore = page.length === pageSize;
    }
    const response = await fetch(`${url}/api/message_groups/${group}`, {
      headers: { Authorization: `Bearer ${identity.token}` },
    });
    const { members } = (await response.json()) as { members: { uuid: string }[] };
    recorder.put({ type: 'final-log', person, group, entries, members: members.map(({ uuid }) => uuid) });
  }
}

async function read(
  identity: Identity,
  url: string,
  call: Parameters<typeof attemptHttp>[2],
  directory: Directory,
) {
  const answer = await attemptHttp(url, identity, call, directory);
  if (answer.is !== 'ok') throw new Error(`the final reading failed: ${JSON.stringify({ call, answer })}`);
  return answer.result;
}

/** All attempts at a record that fails alone, with the waits between them. */
const lettersWithinMs = 45_000;

/** Dead letters of poisoned records, which it waits for, and of those that nobody poisoned. */
export async function countLetters({ table }: Pick<Cluster, 'table'>, poisoned: number) {
  const deadline = performance.now() + lettersWithinMs;
  let counts = await lettersNow(table);
  while (counts.poisoned < poisoned && performance.now() < deadline) {
    await sleep(pollMs);
    counts = await lettersNow(table);
  }
  return counts;
}

async function lettersNow(table: Cluster['table']) {
  const counts = { poisoned: 0, lost: 0 };
  for (const consumer of deadLetters.consumers) {
    for await (const { record } of deadLetters.list(table, consumer)) {
      counts[isPoisoned(record.dynamodb?.SequenceNumber ?? '') ? 'poisoned' : 'lost'] += 1;
    }
  }
  return counts;
}
