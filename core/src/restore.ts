import { setTimeout as sleep } from 'node:timers/promises';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import pLimit from 'p-limit';
import type { Pool } from 'pg';
import type { Entry } from './entries.ts';
import * as entries from './entries.ts';
import { largeGroupMembers } from './entries.ts';
import { type IsErased, withoutErased } from './erased.ts';
import * as erasures from './erasures.ts';
import {
  canonical,
  createManifest,
  formatVersion,
  type Header,
  type Manifest,
  type StateLine,
} from './export-format.ts';
import { createHistory } from './history.ts';
import type { Line } from './import-plan.ts';
import type { TransactItem } from './log.ts';
import type { Group, Member } from './members.ts';
import * as members from './members.ts';
import { maxPeoplePerTransaction } from './message-groups.ts';
import type { PersonLine } from './registry.ts';
import * as registry from './registry.ts';
import * as summaries from './summaries.ts';
import { putIfFree, refusalOf } from './table/append-writer.ts';
import type { Table } from './table/client.ts';
import { isTransientFault } from './table/faults.ts';
import { leftKey } from './table/keys.ts';
import * as users from './users.ts';

/*
 * Brings an export back.
 *
 * 1. One pass compares it with its manifest: of a file that is cut or changed, nothing is written.
 * 2. People come first, then conversations: the log, then the members with their summaries, and last the group.
 * 3. Nothing that is there is overwritten, so the same command goes on after an interruption, and an old export adds
 *    to a system that lived on no more than what is missing. A conversation whose log differs is refused.
 * 4. Who has been erased here since stays so: their entries come back without texts, names and keys.
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

/** What its reader has to mend: the file. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
}

const entriesPerTransaction = 100;
const conversationsInFlight = 3;
const maxWaiting = 48;
const peoplePerStatement = 500;
const maxAttempts = 12;

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
  const context = { table, pool, isErased: await erasures.everybody(pool) };
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
      const written = await writeEntries(table, chunk);
      conversation.isRefused = written === undefined;
      result.written += written ?? 0;
      done += chunk.length;
      onProgress({ total: manifest.entries, done });
    });
  }

  function close(conversation: Conversation) {
    flush(conversation);
    enqueue(conversation, () => finish(context, conversation));
    const { uuid, turn } = conversation;
    void turn.then(() => conversation.isRefused && result.refusedConversations.push(uuid));
  }

  for await (const line of stateLines(lines())) {
    if (isStopping()) break;
    if (line.line === 'person' || line.line === 'retired_handle') continue;
    const uuid = String(line.message_group_uuid);
    if (open && open.uuid !== uuid) close(open);
    if (open?.uuid !== uuid) open = begin(uuid);
    if (take(open, line, context.isErased)) result.erased += 1;
    if (open.entries.length === entriesPerTransaction) flush(open);
    while (waiting.size >= maxWaiting) await Promise.race(waiting);
  }
  if (open && !isStopping()) close(open);
  while (waiting.size > 0) await Promise.all(waiting);
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

type ExportedMember = Member & { read_seq: number; settings?: Record<string, unknown> };
type Conversation = ReturnType<typeof begin>;

function begin(uuid: string) {
  return {
    uuid,
    history: createHistory(uuid),
    entries: [] as Entry[],
    group: undefined as Group | undefined,
    members: [] as ExportedMember[],
    turn: Promise.resolve() as Promise<void>,
    isRefused: false,
  };
}

/** Takes a line. True for an entry that comes back without what an erased person wrote. */
function take(conversation: Conversation, { line, ...value }: StateLine, isErased: IsErased): boolean {
  if (line === 'group') conversation.group = value as Group;
  else if (line === 'member') {
    const { message_group_uuid: _uuid, ...member } = value;
    conversation.members.push(member as ExportedMember);
  } else {
    const exported = value as Entry;
    const entry = withoutErased(exported, isErased);
    conversation.history.take(entry);
    conversation.entries.push(entry);
    return entry !== exported;
  }
  return false;
}

/** How many had to be written; undefined where another entry stands in the place of one of these. */
async function writeEntries(table: Table, chunk: Entry[]): Promise<number | undefined> {
  const [first, last] = [chunk[0], chunk.at(-1)];
  if (!first || !last) return 0;
  let missing = chunk;
  for (let attempt = 1; missing.length > 0; attempt += 1) {
    if (
      await send(
        table,
        missing.map((entry) => putIfFree(table, entry)),
        attempt,
      )
    )
      return missing.length;
    const present = new Map<number, string>();
    const range = { from: first.seq, to: last.seq, order: 'ascending' } as const;
    for await (const page of entries.pages(table, first.message_group_uuid, range))
      for (const entry of page) present.set(entry.seq, entry.message_uuid);
    missing = chunk.filter(({ seq }) => !present.has(seq));
    if (chunk.some(({ seq, message_uuid }) => (present.get(seq) ?? message_uuid) !== message_uuid))
      return undefined;
  }
  return 0;
}

type Context = { table: Table; pool: Pool; isErased: IsErased };

/** Members with their summaries, 48 at a time, and last the group: until then nobody is in the conversation. */
async function finish({ table, pool }: Context, conversation: Conversation) {
  const { uuid, history, group } = conversation;
  if (!group) return;
  for (let attempt = 1; ; attempt += 1) {
    const stored = await members.roster(table, uuid);
    if (stored.group) return;
    const known = new Set(stored.members.map(({ user_uuid }) => user_uuid));
    const names = await users.findNames(
      pool,
      conversation.members.map(({ user_uuid }) => user_uuid),
    );
    const absent = conversation.members.filter(({ user_uuid }) => !known.has(user_uuid));
    const items = [
      ...[...history.left].map((userUuid) => [put(table, leftKey(userUuid, uuid))]),
      ...absent.map((member) => memberItems(table, conversation, member, names)),
    ];
    let isWritten = true;
    while (isWritten && items.length > maxPeoplePerTransaction)
      isWritten = await send(table, items.splice(0, maxPeoplePerTransaction).flat(), attempt);
    if (isWritten && (await send(table, [...items.flat(), putNew(table, members.groupItem(group))], attempt)))
      return;
  }
}

function memberItems(
  table: Table,
  { uuid, history, group, members: present }: Conversation,
  { read_seq, settings, ...member }: ExportedMember,
  names: Map<string, users.Name>,
): TransactItem[] {
  const { newest } = history;
  if (!newest || !group) throw new ExportError(`${uuid} has members and no log`);
  const own = history.own.get(member.user_uuid);
  const other =
    present.find(({ user_uuid }) => user_uuid !== member.user_uuid)?.user_uuid ?? member.user_uuid;
  const about =
    group.kind === 'group'
      ? { kind: group.kind, title: group.title ?? '', large: group.member_count > largeGroupMembers }
      : {
          kind: group.kind,
          other: { uuid: other, ...(names.get(other) ?? { handle: '', display_name: '' }) },
        };
  const item = summaries.summaryItem({
    userUuid: member.user_uuid,
    entry: newest,
    about,
    read: { seq: read_seq, count: history.countAt(read_seq) ?? 0 },
    ...(own && { sent: { seq: own.seq, count: own.count } }),
  });
  return [putNew(table, members.memberItem(uuid, member)), putNew(table, { ...settings, ...item })];
}

const put = (table: Table, Item: Record<string, unknown>): TransactItem => ({
  Put: { TableName: table.name, Item },
});
const putNew = (table: Table, Item: Record<string, unknown>): TransactItem => ({
  Put: { TableName: table.name, Item, ConditionExpression: 'attribute_not_exists(pk)' },
});

/** False where it has to be looked what is there already. Throws what does not pass, and a fault that lasts. */
async function send(table: Table, TransactItems: TransactItem[], attempt: number): Promise<boolean> {
  try {
    await table.doc.send(new TransactWriteCommand({ TransactItems }));
    return true;
  } catch (error) {
    const isRefused = error instanceof TransactionCanceledException && refusalOf(error) !== undefined;
    if (attempt >= maxAttempts || (!isRefused && !isTransientFault(error))) throw error;
    if (attempt > 1) await sleep(Math.random() * Math.min(5_000, 25 * 2 ** attempt));
    return false;
  }
}
