import pLimit from 'p-limit';
import type { Pool } from 'pg';
import * as arrivals from '../erasure/arrivals.ts';
import * as erasures from '../erasure/erasures.ts';
import { createLog } from '../log/log.ts';
import type { Table } from '../table/client.ts';
import {
  canonical,
  createManifest,
  ExportError,
  formatVersion,
  type Header,
  type Manifest,
  type StateLine,
} from './export-format.ts';
import type { Line } from './import-plan.ts';
import type { PersonLine } from './people-lines.ts';
import * as registry from './people-lines.ts';
import { announce, begin, type Conversation, finish, take, writeEntries } from './restore-conversation.ts';

/*
 * Brings an export back.
 *
 * 1. One pass compares it with its manifest: of a file that is cut or changed, nothing is written.
 * 2. People come first, then conversations: the log, then the members with their summaries, and last the group.
 * 3. Nothing that is there is overwritten, so the same command goes on after an interruption, and an old export adds
 *    to a system that lived on no more than what is missing. A conversation whose log differs is refused.
 * 4. Who has been erased here since stays so: their entries come back without texts, names and keys, they leave the
 *    groups that came back, and what an earlier, interrupted run has written of them goes (arrivals.ts).
 */

export type RestoreOptions = {
  onProgress?: ((progress: { total: number; done: number }) => void) | undefined;
  /** Stops after the transactions under way. */
  signal?: AbortSignal | undefined;
};

export type RestoreResult = {
  manifest: Manifest;
  /** Entries that were written now; the others were there. */
  written: number;
  /** Entries of people who were erased here: they came back empty. */
  erased: number;
  /** People who could not be made: their handle, address or sign-in belongs to somebody else here. */
  refusedPeople: PersonLine[];
  /** Conversations that are there with another log. */
  refusedConversations: string[];
  isStopped: boolean;
};

const entriesPerTransaction = 100;
const conversationsInFlight = 3;
const maxWaiting = 48;
const peoplePerStatement = 500;

/** Whether a file begins as an export does. */
export const isExport = (line: Line | undefined) =>
  line !== undefined && 'text' in line && line.text.startsWith('{') && line.text.includes('"line":"export"');

/** `lines` is read twice, and must yield the same. */
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
  let open: Conversation | undefined;
  const isStopping = () => failure !== undefined || signal?.aborted === true;

  function enqueue(conversation: Conversation, work: () => Promise<void>) {
    conversation.turn = conversation.turn
      .then(() => (isStopping() || conversation.isRefused ? undefined : limit(work)))
      .catch((error) => {
        failure ??= { error };
      });
    const { turn } = conversation;
    waiting.add(turn);
    void turn.then(() => waiting.delete(turn));
  }

  function flush(conversation: Conversation) {
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

  function close(conversation: Conversation) {
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
      const conversation = begin(uuid, { isArriving: arriving.has(uuid) });
      enqueue(conversation, () => announce(table, conversation));
      open = conversation;
    }
    if (take(open, line, isErased)) result.erased += 1;
    if (open.entries.length === entriesPerTransaction) flush(open);
    while (waiting.size >= maxWaiting) await Promise.race(waiting);
  }
  if (open && !isStopping()) close(open);
  while (waiting.size > 0) await Promise.all(waiting);
  // Should this process have been paused for longer than an erasure takes.
  await erasures.reopen(pool, since);
  if (failure) throw failure.error;
  return { ...result, isStopped: signal?.aborted === true };
}

async function verify(lines: AsyncIterable<Line>): Promise<Manifest> {
  const manifest = createManifest();
  let header: Header | undefined;
  let stated: Manifest | undefined;
  for await (const line of lines) {
    const value = parse(line);
    if (stated) throw new ExportError(`line ${line.number}: something follows the manifest`);
    if (!header) header = headerOf(value);
    else if (value.line === 'manifest') stated = value as Manifest;
    else manifest.take(value as StateLine, 'text' in line ? line.text : '');
  }
  if (!stated)
    throw new ExportError('The export is cut: its last line, the manifest, is missing. Nothing was written.');
  const found = manifest.end();
  if (canonical(found) !== canonical(stated))
    throw new ExportError(`The export is not what its manifest says (${found.sha256}). Nothing was written.`);
  return stated;
}

function parse(line: Line): Record<string, unknown> & { line: unknown } {
  if ('fault' in line) throw new ExportError(`line ${line.number}: ${line.fault}`);
  try {
    return JSON.parse(line.text);
  } catch (cause) {
    throw new ExportError(`line ${line.number}: not JSON`, { cause });
  }
}

function headerOf(value: Record<string, unknown>): Header {
  const header = value as Header;
  if (header.line !== 'export') throw new ExportError('The first line is not that of an export');
  if (header.version !== formatVersion)
    throw new ExportError(`The export has version ${header.version}; this reads ${formatVersion}`);
  if (header.scope === 'person')
    throw new ExportError(
      "A person's own export is for that person to read: the others' part of the conversations is not in it",
    );
  return header;
}

async function* stateLines(lines: AsyncIterable<Line>): AsyncGenerator<StateLine> {
  for await (const line of lines) {
    const value = parse(line);
    if (value.line !== 'export' && value.line !== 'manifest') yield value as StateLine;
  }
}

/** Who was erased where the export was made is erased here, too. */
async function restorePeople(pool: Pool, lines: AsyncIterable<Line>): Promise<PersonLine[]> {
  const refused: PersonLine[] = [];
  let people: PersonLine[] = [];
  let hashes: string[] = [];
  const write = async () => {
    refused.push(...(await registry.restore(pool, people)));
    for (const { uuid, erased_at } of people) if (erased_at) await erasures.begin(pool, uuid);
    await registry.restoreRetiredHandles(pool, hashes);
    [people, hashes] = [[], []];
  };
  for await (const line of stateLines(lines)) {
    if (line.line === 'person') people.push(line as PersonLine);
    else if (line.line === 'retired_handle') hashes.push(String(line.hash));
    else continue;
    if (people.length + hashes.length >= peoplePerStatement) await write();
  }
  await write();
  return refused;
}
