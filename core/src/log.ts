import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { LRUCache } from 'lru-cache';
import * as entries from './entries.ts';
import { type Change, type Entry, largeGroupMembers, type Person } from './entries.ts';
import { AppError } from './errors.ts';
import * as members from './members.ts';
import { type AppendBatch, createAppendWriter, putIfFree, refusalOf } from './table/append-writer.ts';
import type { Table } from './table/client.ts';
import { isTransientFault } from './table/faults.ts';
import { createTail, type Tail } from './tail.ts';

/*
 * Append: write entry N+1 on condition that it does not exist, after having seen every entry up to N.
 *
 * 1. A node keeps the tail of each active conversation: its newest position, the keys of its newest entries, and who
 *    was found to be a member. Sends of one conversation go through its queue one after the other.
 * 2. A send looks its idempotency key up in the tail, checks its sender, and writes the next number.
 * 3. Whoever is behind is refused, reads what is newer, and begins again at 2. A membership entry among it forgets
 *    who was a member, so nothing is appended after its sender's removal.
 * 4. A refusal, or an answer that was lost, can hide the write's own success: the newer entries tell by message_uuid.
 * 5. A membership change is a transaction with the next entry, in the same queue, by the same rule.
 */

export type Draft = Change & {
  message: string;
  author: Person;
  idempotency_key?: string;
  body_hash?: string;
};

export type Append = {
  messageGroupUuid: string;
  sender: Person;
  message: string;
  idempotencyKey?: string | undefined;
  bodyHash?: string | undefined;
  /** The newest seq the sender knew when it first tried. */
  knownSeq?: number | undefined;
};

export type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** What a membership change wants done: its entries, the items beside them, and what to answer; or nothing at all. */
export type Plan<T> =
  | { drafts: Draft[]; items: (written: Entry[]) => TransactItem[]; result: (written: Entry[]) => T }
  | { answer: T };

/** Where a log stands when a change is planned: `seq` 0 is a conversation that does not exist. */
export type Position = { seq: number; now: string };

type AppendJob = {
  kind: 'append';
  append: Append;
  messageUuid: string;
  /** The entries after `knownSeq` up to here hold no earlier send of the same key. */
  searchedTo?: number;
};
type TransactJob = {
  kind: 'transact';
  messageUuid: string;
  plan: (position: Position) => Promise<Plan<unknown>>;
  /** What to answer once the last attempt's entries are found in the log. */
  result?: (written: Entry[]) => unknown;
};
type Settle = {
  deadline: number;
  /** Until it is answered, or leaves its turn. */
  isOpen: boolean;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
};
type Job = (AppendJob | TransactJob) & Settle;

type Conversation = {
  uuid: string;
  tail?: Tail | undefined;
  queue: Job[];
  /** Entries told by `observe` during a turn: a turn must not lose sight of its own writes. */
  observed: Entry[];
  isRunning: boolean;
};

export type LogOptions = {
  batch: AppendBatch;
  /** Called after each append that was acknowledged; wakes a local stream runner. */
  onAppend?: () => void;
  /** How long an append is tried before it is answered `busy`. */
  deadlineMs?: number;
  /** Memory for tails, approximately. */
  maxTailBytes?: number;
};

export type Log = {
  table: Table;
  /** Appends a message. Rejects with `message_group_not_found`, `idempotency_conflict` or `busy`. */
  append(append: Append): Promise<Entry>;
  /** Changes a conversation's members or title together with its next entries; `plan` may run several times. */
  transact<T>(messageGroupUuid: string, plan: (position: Position) => Promise<Plan<T>>): Promise<T>;
  /** Tells the log of an entry that was seen elsewhere, so that the next append need not be refused to learn of it. */
  observe(entry: Entry): void;
};

/** Entries a search may pass while the conversation's other senders wait. */
const searchInTurn = 1_000;

export function createLog(table: Table, options: LogOptions): Log {
  const { batch, onAppend, deadlineMs = 5_000, maxTailBytes = 64 * 2 ** 20 } = options;
  const writer = createAppendWriter(table, batch);
  const active = new Map<string, Conversation>();
  const idle = new LRUCache<string, Tail>({ maxSize: maxTailBytes, sizeCalculation: (tail) => tail.bytes() });

  function enqueue<T>(uuid: string, job: AppendJob | TransactJob): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      join({ ...job, deadline: Date.now() + deadlineMs, isOpen: true, resolve, reject }, uuid);
    });
  }

  function join(job: Job, uuid: string) {
    activate(uuid).queue.push(job);
    void run(uuid);
  }

  function activate(uuid: string): Conversation {
    let conversation = active.get(uuid);
    if (!conversation) {
      conversation = { uuid, tail: idle.get(uuid), queue: [], observed: [], isRunning: false };
      idle.delete(uuid);
      active.set(uuid, conversation);
    }
    return conversation;
  }

  async function run(uuid: string) {
    const conversation = activate(uuid);
    if (conversation.isRunning) return;
    conversation.isRunning = true;
    while (conversation.queue.length > 0) {
      for (const entry of conversation.observed.splice(0)) conversation.tail?.observe(entry);
      await runTurn(conversation, takeTurn(conversation.queue, writer.maxEntries));
    }
    active.delete(uuid);
    if (conversation.tail?.seq) idle.set(uuid, conversation.tail);
  }

  /** Tries until every job of the turn is answered. Faults of the engine are tried again until a job is late. */
  async function runTurn(conversation: Conversation, jobs: Job[]) {
    for (let attempt = 0; ; attempt += 1) {
      if (attempt > 1) await backOff(attempt);
      const open = jobs.filter((job) => job.isOpen && !isLate(job));
      const [first] = open;
      if (!first) return;
      try {
        if (first.kind === 'transact') await attemptTransact(conversation, first);
        else await attemptAppends(conversation, open.filter(isAppend));
      } catch (error) {
        if (isTransientFault(error)) continue;
        if (!(error instanceof AppError)) conversation.tail = undefined;
        // A job at fault must not fail its neighbours, unless an earlier attempt of theirs is in doubt.
        if (open.length > 1 && attempt === 0) for (const job of open) await runTurn(conversation, [job]);
        else for (const job of open) refuse(job, error);
        return;
      }
    }
  }

  /** The newest position this node knows of; a conversation that did not exist may exist by now. */
  async function tailOf(conversation: Conversation, job?: AppendJob): Promise<Tail> {
    if (!conversation.tail?.seq) conversation.tail = await loadTail(conversation.uuid, job);
    return conversation.tail;
  }

  /** One try of the appends of a turn: answers those it can. */
  async function attemptAppends(conversation: Conversation, jobs: (AppendJob & Settle)[]) {
    const tail = await tailOf(conversation, jobs[0]);
    const ready = await prepare(tail, jobs);
    if (ready.length === 0) return;
    const written = ready.map(({ append, messageUuid }, index) =>
      nextEntry(tail, index + 1, messageDraft(append), messageUuid),
    );
    const outcome = await writer.write(written);
    if (outcome === 'written') {
      for (const entry of written) tail.advance(entry);
      for (const [index, job] of ready.entries()) answer(job, written[index]);
      onAppend?.();
    } else if (outcome !== 'postponed') {
      const newer = new Map((await catchUp(tail)).map((entry) => [entry.message_uuid, entry]));
      for (const job of ready) if (newer.has(job.messageUuid)) answer(job, newer.get(job.messageUuid));
    }
  }

  /** Those to append now: members who have not sent the same before. The others are answered, or wait a try. */
  async function prepare(tail: Tail, jobs: (AppendJob & Settle)[]) {
    const ready: (AppendJob & Settle)[] = [];
    const keys = new Set<string>();
    for (const job of jobs) {
      const { sender, idempotencyKey, bodyHash } = job.append;
      const scopedKey = `${sender.uuid} ${idempotencyKey}`;
      if (idempotencyKey !== undefined && keys.has(scopedKey)) continue;
      if (!(await isMember(tail, sender.uuid))) refuse(job, new AppError('message_group_not_found'));
      else if (isFarBehind(tail, job)) void searchAside(job);
      else {
        const earlier = await findEarlier(tail, job);
        if (!earlier) ready.push(job);
        else if (earlier.body_hash === bodyHash) answer(job, earlier);
        else refuse(job, new AppError('idempotency_conflict'));
        keys.add(scopedKey);
      }
    }
    return ready;
  }

  /** One try of a membership change. */
  async function attemptTransact(conversation: Conversation, job: TransactJob & Settle) {
    const tail = await tailOf(conversation);
    const newer = await catchUp(tail);
    const landed = newer.findIndex(({ message_uuid }) => message_uuid === job.messageUuid);
    if (landed >= 0) return answer(job, job.result?.(newer.slice(landed)));
    const plan = await job.plan({ seq: tail.seq, now: stamp(tail) });
    if ('answer' in plan) return answer(job, plan.answer);
    job.result = plan.result;
    const written = plan.drafts.map((draft, index) =>
      nextEntry(tail, index + 1, draft, index === 0 ? job.messageUuid : randomUUID()),
    );
    if (!(await isTransactionWritten(written, plan.items(written)))) return;
    for (const entry of written) tail.advance(entry);
    onAppend?.();
    answer(job, plan.result(written));
  }

  /** False where it was refused, met another transaction, or its answer was lost: the log tells which. */
  async function isTransactionWritten(written: Entry[], items: TransactItem[]) {
    const TransactItems = [...written.map((entry) => putIfFree(table, entry)), ...items];
    try {
      await table.doc.send(new TransactWriteCommand({ TransactItems }));
      return true;
    } catch (error) {
      if (error instanceof TransactionCanceledException && refusalOf(error)) return false;
      if (isTransientFault(error)) return false;
      throw error;
    }
  }

  /** The entry that the same sender wrote with the same key, as far back as the request makes exact. */
  async function findEarlier(tail: Tail, job: AppendJob): Promise<Entry | undefined> {
    const { sender, idempotencyKey, knownSeq, messageGroupUuid } = job.append;
    if (idempotencyKey === undefined) return undefined;
    if (knownSeq === undefined) await coverWindow(tail);
    const seq = tail.seqOfKey(sender.uuid, idempotencyKey);
    if (seq !== undefined) return entries.get(table, messageGroupUuid, seq);
    return knownSeq === undefined ? undefined : search(job, tail.coveredFrom - 1);
  }

  /** Looks for an earlier send of the same key in the log itself, from where the job was not searched yet. */
  async function search(job: AppendJob, to?: number): Promise<Entry | undefined> {
    const { sender, idempotencyKey, knownSeq = 0, messageGroupUuid } = job.append;
    const from = (job.searchedTo ?? knownSeq) + 1;
    for await (const page of entries.pages(table, messageGroupUuid, { from, to, order: 'ascending' })) {
      const found = page.find(
        (entry) => entry.user_uuid === sender.uuid && entry.idempotency_key === idempotencyKey,
      );
      if (found) return found;
      job.searchedTo = page.at(-1)?.seq ?? job.searchedTo;
    }
    return undefined;
  }

  function isFarBehind(tail: Tail, { append, searchedTo }: AppendJob): boolean {
    if (append.idempotencyKey === undefined || append.knownSeq === undefined) return false;
    return tail.coveredFrom - (searchedTo ?? append.knownSeq) > searchInTurn;
  }

  /** A search of many pages leaves the conversation's queue to the others, and joins it again when it is done. */
  async function searchAside(job: AppendJob & Settle) {
    job.isOpen = false;
    try {
      const earlier = await search(job);
      if (!earlier)
        join({ ...job, deadline: Date.now() + deadlineMs, isOpen: true }, job.append.messageGroupUuid);
      else if (earlier.body_hash === job.append.bodyHash) answer(job, earlier);
      else refuse(job, new AppError('idempotency_conflict'));
    } catch (error) {
      refuse(job, isTransientFault(error) ? new AppError('busy', { cause: error }) : error);
    }
  }

  /** Reads back until the tail holds the keys of the last 200 entries or 10 minutes, whichever is more. */
  async function coverWindow(tail: Tail) {
    while (!tail.coversWindow(table.clock.now())) {
      const to = tail.coveredFrom - 1;
      const page = await entries.range(table, tail.uuid, { to, order: 'descending', limit: 200 });
      tail.extend(page.entries);
    }
  }

  /** Only a yes is kept: a no may be out of date, and no append would be refused to tell. */
  async function isMember(tail: Tail, userUuid: string): Promise<boolean> {
    if (tail.seq === 0) return false;
    if (tail.members.has(userUuid)) return true;
    const { group, member } = await members.membership(table, tail.uuid, userUuid);
    if (!group || !member) return false;
    tail.isLarge = group.member_count > largeGroupMembers;
    tail.members.add(userUuid);
    return true;
  }

  /** A tail from the table: what is newer than the sender knew where that is little, else the newest entry. */
  async function loadTail(uuid: string, job?: AppendJob): Promise<Tail> {
    const tail = createTail(uuid);
    const { idempotencyKey, knownSeq } = job?.append ?? {};
    if (idempotencyKey !== undefined && knownSeq) {
      const page = await entries.range(table, uuid, {
        from: knownSeq,
        order: 'ascending',
        limit: searchInTurn,
      });
      if (page.isComplete) tail.load(page.entries);
    }
    if (tail.seq === 0)
      tail.load((await entries.range(table, uuid, { order: 'descending', limit: 1 })).entries);
    return tail;
  }

  /** Takes what is newer, all of it or nothing: an entry must not slip past the search for one's own. */
  async function catchUp(tail: Tail): Promise<Entry[]> {
    const newer: Entry[] = [];
    for await (const page of entries.pages(table, tail.uuid, { from: tail.seq + 1, order: 'ascending' })) {
      newer.push(...page);
    }
    for (const entry of newer) tail.advance(entry);
    return newer;
  }

  /** Never before the newest entry, however the clocks of the nodes differ. */
  const stamp = (tail: Tail) => new Date(Math.max(table.clock.now(), tail.createdAtMs)).toISOString();

  function nextEntry(tail: Tail, offset: number, { author, ...draft }: Draft, messageUuid: string): Entry {
    return {
      ...draft,
      message_group_uuid: tail.uuid,
      seq: tail.seq + offset,
      message_uuid: messageUuid,
      user_uuid: author.uuid,
      user_handle: author.handle,
      user_display_name: author.display_name,
      created_at: stamp(tail),
      message_count: tail.messageCount + (draft.type === 'message' ? offset : 0),
      ...(tail.isLarge && { large: true as const }),
    };
  }

  return {
    table,
    append: (append) =>
      enqueue(append.messageGroupUuid, { kind: 'append', append, messageUuid: randomUUID() }),
    transact: (uuid, plan) => enqueue(uuid, { kind: 'transact', plan, messageUuid: randomUUID() }),
    observe(entry) {
      const uuid = entry.message_group_uuid;
      const conversation = active.get(uuid);
      const tail = idle.peek(uuid);
      if (conversation) conversation.observed.push(entry);
      else if (tail) {
        // Put in anew, for its size is counted only then.
        idle.delete(uuid);
        tail.observe(entry);
        idle.set(uuid, tail);
      }
    },
  };
}

/** The next job, and the appends behind it that may share its write. */
function takeTurn(queue: Job[], maxEntries: number): Job[] {
  const exclusive = queue.findIndex(({ kind }) => kind === 'transact');
  return queue.splice(0, exclusive === -1 ? maxEntries : Math.max(1, Math.min(exclusive, maxEntries)));
}

function isLate(job: Job): boolean {
  if (Date.now() < job.deadline) return false;
  refuse(job, new AppError('busy'));
  return true;
}

const isAppend = (job: Job): job is AppendJob & Settle => job.kind === 'append';

function answer(job: Job, value: unknown) {
  job.isOpen = false;
  job.resolve(value as never);
}

function refuse(job: Job, error: unknown) {
  job.isOpen = false;
  job.reject(error);
}

const messageDraft = ({ sender, message, idempotencyKey, bodyHash }: Append): Draft => ({
  type: 'message',
  message,
  author: sender,
  ...(idempotencyKey !== undefined && { idempotency_key: idempotencyKey, body_hash: bodyHash }),
});

/** Exponential with full jitter: 25 ms at first, 400 ms at most. */
const backOff = (attempt: number) => sleep(Math.random() * Math.min(400, 25 * 2 ** attempt));
