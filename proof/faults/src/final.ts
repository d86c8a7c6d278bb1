import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '@parley/client/api/errors';
import * as deadLetters from '@parley/core/dead-letters/dead-letters';
import * as erasures from '@parley/core/erasure/erasures';
import * as entries from '@parley/core/log/entries';
import * as members from '@parley/core/log/members';
import pLimit from 'p-limit';
import type { Cluster } from './cluster.ts';
import type { Call, Entry, History, Observation, Recorder, Row, StoredEntry } from './history.ts';
import {
  type Attempt,
  apiOf,
  attemptHttp,
  type Directory,
  detailsOf,
  type Identity,
  tokenOf,
} from './requests.ts';
import { isPoisoned } from './stream-faults.ts';
import type { Actor } from './workload.ts';

const pollMs = 250;
const readsInFlight = 8;
const pageSize = 100;

/** Resolves when everybody's inbox and live view have reached the same entries, or after `maxMs`. */
export async function drain(actors: Actor[], recorder: Recorder, maxMs: number) {
  const deadline = performance.now() + maxMs;
  while (performance.now() < deadline && !(await areCaughtUp(actors))) await sleep(pollMs);
  recorder.put({ type: 'drained', atMs: recorder.nowMs() });
}

async function areCaughtUp(actors: Actor[]): Promise<boolean> {
  const newest = new Map<string, number>();
  const shown: [string, number][] = [];
  for (const { view } of actors.filter(({ view }) => !view.identity.isErased)) {
    const answers = [
      await view.asker.ask({ kind: 'inbox' }),
      await view.asker.ask({ kind: 'inbox', hidden: true }),
    ];
    if (!view.isSettled()) return false;
    for (const answer of answers) {
      if (answer.outcome !== 'ok') return false;
      for (const { uuid, last_seq } of answer.result.rows ?? []) {
        shown.push([uuid, last_seq], [uuid, view.known(uuid)]);
        newest.set(uuid, Math.max(newest.get(uuid) ?? 0, last_seq, view.known(uuid)));
      }
    }
  }
  return shown.every(([uuid, seq]) => newest.get(uuid) === seq);
}

/** "Within two minutes nothing is stored any more" (docs/api.md), plus time for restarts of killed processes. */
const erasedWithinMs = 150_000;

/** Resolves when every erasure is finished, or after `erasedWithinMs`: the checker then reports the remaining data. */
export async function waitForErasures({ pool }: Pick<Cluster, 'pool'>) {
  const deadline = performance.now() + erasedWithinMs;
  while (performance.now() < deadline && (await erasures.unfinished(pool)).length > 0) await sleep(pollMs);
}

type Backend = { url: string; node: string; directory: Directory };

/**
 * Records the final state: from the table every conversation in a call or answer, and from each backend the
 * conversations that every possible member can read, and the tokens that it accepts.
 */
export async function readFinal(
  actors: Actor[],
  { nodes, table }: Pick<Cluster, 'nodes' | 'table'>,
  directory: Directory,
  recorder: Recorder,
) {
  const limit = pLimit(readsInFlight);
  const identities = actors.map(({ view }) => view.identity);
  const living = identities.filter(({ isErased }) => !isErased);
  const concerned = concernedBy(recorder.history);
  await Promise.all(
    [...concerned].map(([group, people]) =>
      limit(async () => {
        const stored = await readTable(table, group);
        recorder.put(stored);
        for (const { uuid } of stored.members) people.add(uuid);
      }),
    ),
  );
  for (const [node, url] of Object.entries(nodes)) {
    const at = { url, node, directory };
    await Promise.all(identities.map((identity) => limit(() => readTokens(identity, at, recorder))));
    await Promise.all(
      living.map((identity) =>
        limit(async () => {
          for (const { uuid } of await readInbox(identity, at, recorder))
            concerned.get(uuid)?.add(identity.uuid);
        }),
      ),
    );
    await Promise.all(
      living.flatMap((identity) =>
        [...concerned]
          .filter(([, people]) => people.has(identity.uuid))
          .map(([group]) => limit(() => readConversation(identity, group, at, recorder))),
      ),
    );
  }
}

/** Every conversation in a call or answer, with the people who created it or wrote in it. */
function concernedBy(history: History): Map<string, Set<string>> {
  const concerned = new Map<string, Set<string>>();
  const add = (group: string | undefined, person?: string) => {
    if (group === undefined) return;
    const people = concerned.get(group) ?? new Set();
    concerned.set(group, people);
    if (person !== undefined) people.add(person);
  };
  for (const seen of history) {
    if (seen.type === 'heard') add(seen.entry.message_group_uuid);
    if (seen.type === 'call' && 'group' in seen.call) add(seen.call.group);
    if (seen.type !== 'answer' || seen.answer.outcome !== 'ok') continue;
    const { entry, rows = [], details } = seen.answer.result;
    add(entry?.message_group_uuid, seen.person);
    add(details?.group, seen.person);
    for (const { uuid } of rows) add(uuid);
  }
  return concerned;
}

async function readTable(table: Cluster['table'], group: string) {
  const log: StoredEntry[] = [];
  for await (const page of entries.pages(table, group, { order: 'ascending' }))
    for (const entry of page) log.push(storedEntry(entry));
  const roster = await members.roster(table, group);
  return {
    type: 'final-table',
    group,
    entries: log,
    members: roster.members.map(({ user_uuid, role }) => ({ uuid: user_uuid, role })),
    title: roster.group?.title ?? null,
  } satisfies Observation;
}

function storedEntry(entry: entries.Entry): StoredEntry {
  const { message_uuid, seq, type, message_group_uuid, user_uuid, message, created_at } = entry;
  return {
    ...{ uuid: message_uuid, seq, type, message_group_uuid, user_uuid, message, created_at },
    ...('members' in entry && { members: entry.members }),
    ...('role' in entry && { role: entry.role }),
    ...('title' in entry && { title: entry.title }),
  };
}

async function readInbox(
  identity: Identity,
  { url, node, directory }: Backend,
  recorder: Recorder,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const hidden of [false, true]) {
    const call = { kind: 'inbox', ...(hidden && { hidden }) } as const;
    const answer = await read(url, tokenOf(identity), call, directory);
    if (answer.is === 'ok') rows.push(...(answer.result.rows ?? []));
  }
  recorder.put({ type: 'final-inbox', person: identity.uuid, node, rows });
  return rows;
}

async function readTokens({ uuid: person, tokens }: Identity, { url, node }: Backend, recorder: Recorder) {
  for (const [index, token] of tokens.entries()) {
    const status = await apiOf(url, token)
      .profile()
      .then(() => 200, statusOf);
    recorder.put({ type: 'final-token', person, node, token: index + 1, status });
  }
}

async function readConversation(
  identity: Identity,
  group: string,
  { url, node, directory }: Backend,
  recorder: Recorder,
) {
  const [person, token] = [identity.uuid, tokenOf(identity)];
  const refuse = (status: number) => recorder.put({ type: 'final-refusal', person, node, group, status });
  const log: Entry[] = [];
  for (let isMore = true; isMore; ) {
    const answer = await read(url, token, { kind: 'history', group, after: log.length }, directory);
    if (answer.is !== 'ok') return refuse(answer.is === 'refused' ? answer.status : 503);
    const page = answer.result.entries ?? [];
    log.push(...page);
    isMore = page.length === pageSize;
  }
  try {
    const details = detailsOf(await apiOf(url, token).group(group));
    recorder.put({ type: 'final-log', person, node, group, entries: log, details });
  } catch (error) {
    refuse(statusOf(error));
  }
}

/** The faults are over: after this many failures the result is final. */
const finalAttempts = 5;

async function read(url: string, token: string, call: Call, directory: Directory): Promise<Attempt> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await attemptHttp(url, token, call, directory);
    if (answer.is !== 'again' || attempt === finalAttempts) return answer;
    await sleep(answer.waitMs);
  }
}

/** The status of a refusal. Throws if there was no answer. */
function statusOf(error: unknown) {
  if (error instanceof ApiError && error.status > 0) return error.status;
  throw error;
}

/** Longer than all attempts at a failing record and the waits between them. */
const lettersWithinMs = 45_000;

/** Waits for the dead letters of poisoned records, and counts them and the others. */
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
