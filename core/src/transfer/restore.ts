import pLimit from 'p-limit';
import type { Pool } from 'pg';
import * as arrivals from '../erasure/arrivals.ts';
import * as erasures from '../erasure/erasures.ts';
import { createLog } from '../log/log.ts';
import type { Table } from '../table/client.ts';
import { stateLines, verify } from './export-file.ts';
import type { Manifest } from './export-format.ts';
import type { Line } from './import-plan.ts';
import type { PersonLine } from './people-lines.ts';
import * as peopleLines from './people-lines.ts';
import {
  addLine,
  announce,
  createRestored,
  finish,
  type RestoredConversation,
  writeEntries,
} from './restore-conversation.ts';

/*
 * Restores an export.
 *
 * 1. The first pass compares the file with its manifest. If the file is cut or changed, nothing is written.
 * 2. People come first, then conversations (conversation-writer.ts).
 * 3. Nothing is overwritten. The same command therefore continues after an interruption, and an old export only adds
 *    what a live system lacks. A conversation with a different log is refused.
 * 4. People who have been erased here stay erased: their entries are restored without texts, names and keys, and they
 *    are removed from groups. Texts that an earlier, interrupted run has written are removed too (arrivals.ts).
 */

export type RestoreOptions = {
  onProgress?: ((progress: { total: number; done: number }) => void) | undefined;
  /** Stops the restore after the running transactions. */
  signal?: AbortSignal | undefined;
};

export type RestoreResult = {
  manifest: Manifest;
  /** The number of entries that this run wrote. The others existed. */
  written: number;
  /** The number of entries that were restored without text, because their authors were erased here. */
  erased: number;
  /** People who were not restored, because their handle, address or sign-in belongs to somebody else here. */
  refusedPeople: PersonLine[];
  /** Conversations that exist here with a different log. */
  refusedConversations: string[];
  isStopped: boolean;
};

const entriesPerTransaction = 100;
const conversationsInFlight = 3;
const maxWaiting = 48;
const peoplePerStatement = 500;

/**
 * Calls `lines` several times. It must yield the same lines each time. Throws an ExportError if the file is invalid.
 */
export async function restore(
  table: Table,
  pool: Pool,
  lines: () => AsyncIterable<Line>,
  { onProgress = () => {}, signal }: RestoreOptions = {},
): Promise<RestoreResult> {
  const manifest = await verify(lines());
  const refusedPeople = await restorePeople(pool, lines());
  const since = await erasures.now(pool);
  const knownErased = arrivals.createErased(pool);
  const isErased = await knownErased();
  const arriving = new Set(await arrivals.list(table));
  const log = createLog(table, { batch: 'transactions' });
  const result = { manifest, written: 0, erased: 0, refusedPeople, refusedConversations: [] as string[] };
  if (refusedPeople.length > 0) return { ...result, isStopped: false };
  const waiting = new Set<Promise<void>>();
  const limit = pLimit(conversationsInFlight);
  let failure: { error: unknown } | undefined;
  let done = 0;
  let open: RestoredConversation | undefined;
  const isStopping = () => failure !== undefined || signal?.aborted === true;

  function enqueue(conversation: RestoredConversation, work: () => Promise<void>) {
    conversation.turn = conversation.turn
      .then(() => (isStopping() || conversation.isRefused ? undefined : limit(work)))
      .catch((error) => {
        failure ??= { error };
      });
    const { turn } = conversation;
    waiting.add(turn);
    void turn.then(() => waiting.delete(turn));
  }

  function flush(conversation: RestoredConversation) {
    const chunk = conversation.entries.splice(0);
    if (chunk.length === 0) return;
    enqueue(conversation, async () => {
      const written = await writeEntries(table, chunk, knownErased);
      conversation.isRefused = written === undefined;
      result.written += written ?? 0;
      done += chunk.length;
      onProgress({ total: manifest.entries, done });
    });
  }

  function close(conversation: RestoredConversation) {
    flush(conversation);
    enqueue(conversation, () => finish(log, pool, conversation));
    const { uuid, turn } = conversation;
    void turn.then(() => conversation.isRefused && result.refusedConversations.push(uuid));
  }

  for await (const line of stateLines(lines())) {
    if (isStopping()) break;
    if (line.line === 'person' || line.line === 'retired_handle') continue;
    const uuid = String(line.message_group_uuid);
    if (open && open.uuid !== uuid) close(open);
    if (open?.uuid !== uuid) {
      const conversation = createRestored(uuid, { isArriving: arriving.has(uuid) });
      enqueue(conversation, () => announce(table, conversation));
      open = conversation;
    }
    if (addLine(open, line, isErased)) result.erased += 1;
    if (open.entries.length === entriesPerTransaction) flush(open);
    while (waiting.size >= maxWaiting) await Promise.race(waiting);
  }
  if (open && !isStopping()) close(open);
  while (waiting.size > 0) await Promise.all(waiting);
  // If this process was paused, it may have written texts of people whose erasure is finished.
  await erasures.reopen(pool, since);
  if (failure) throw failure.error;
  return { ...result, isStopped: signal?.aborted === true };
}

/** Restores people, and erases those who are erased in the export. Returns the people who could not be restored. */
async function restorePeople(pool: Pool, lines: AsyncIterable<Line>): Promise<PersonLine[]> {
  const refused: PersonLine[] = [];
  let people: PersonLine[] = [];
  let hashes: string[] = [];
  const write = async () => {
    refused.push(...(await peopleLines.restore(pool, people)));
    for (const { uuid, erased_at } of people) if (erased_at) await erasures.begin(pool, uuid);
    await peopleLines.restoreRetiredHandles(pool, hashes);
    [people, hashes] = [[], []];
  };
  for await (const line of stateLines(lines)) {
    if (line.line === 'person') people.push(line as PersonLine);
    else if (line.line === 'retired_handle') hashes.push(String(line.hash));
    else continue;
    if (people.length + hashes.length >= peoplePerStatement) await write();
  }
  await write();
  await peopleLines.continueTones(pool);
  return refused;
}
