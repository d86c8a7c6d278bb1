import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { flagsOf } from '@parley/contract/entry-kinds';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import { AppError } from '../errors.ts';
import type { Table } from '../table/client.ts';
import { isTransientFault } from '../table/faults.ts';
import type { WriteBatch } from '../table/statements.ts';
import { createAppendWriter, putIfFree, refusalOf } from './append/append-writer.ts';
import { createTail, type Tail } from './append/tail.ts';
import * as entries from './entries.ts';
import { type Change, type Entry, largeGroupMembers, type Person } from './entries.ts';
import * as members from './members.ts';

/*
 * Append: write entry N+1 on condition that it does not exist, after having seen every entry up to N.
 *
 * 1. A node keeps the tail of each active conversation: its newest position, the keys of its newest entries, and who
 *    was found to be a member. Sends of one conversation go through its queue one after the other.
 * 2. A send looks its idempotency key up in the tail, checks its sender, and writes the next number.
 * 3. Whoever is behind is refused, reads what is newer, and begins again at 2. A membership entry among it forgets
 *    who was a member, so nothing is appended after its sender's removal.
 *    A node that was refused looks for newer entries before its next appends: while two nodes write to a conversation,
 *    that costs a read instead of a refused write and the same read.
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
  | {
      drafts: Draft[];
      items: (written: Entry[]) => TransactItem[];
      result: (written: Entry[]) => T;
      /** Members there are once it is done. */
      memberCount: number;
    }
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
  /** Answers `busy` when the time is up, whatever the job waits for. */
  timer?: NodeJS.Timeout | undefined;
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
  batch: WriteBatch;
  /** Told of the entries of each write that was acknowledged, as soon as it is. */
  onAppend?: (written: Entry[]) => void;
  /** Called for an append that the table did not take in time. */
  onGivenUp?: () => void;
  /** How long an append is tried before it is answered `busy`. */
  deadlineMs?: number;
  /** Memory for tails, approximately. */
  maxTailBytes?: number;
  /** Appends and changes that may wait or be under way; more are answered `busy` at once. */
  maxJobs?: number;
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

/** Entries that may be read while the conversation's other senders wait. */
const searchInTurn = 1_000;
/** Longer searches: how many a node makes at a time, and how long each may take. */
const searchesAside = 2;
const asideDeadlineMs = 30_000;
/** Appends that look ahead after the last sign of another node. */
const lookAheadAppends = 16;

export function createLog(table: Table, options: LogOptions): Log {
  const {
    batch,
    onAppend,
    onGivenUp,
    deadlineMs = 5_000,
    maxTailBytes = 64 * 2 ** 20,
    maxJobs = 5_000,
  } = options;
  const writer = createAppendWriter(table, batch);
  const active = new Map<string, Conversation>();
  const searching = new Set<string>();
  let jobCount = 0;
  const asideLimit = pLimit(searchesAside);
  const idle = new LRUCache<string, Tail>({ maxSize: maxTailBytes, sizeCalculation: (tail) => tail.bytes() });

  async function enqueue<T>(uuid: string, job: AppendJob | TransactJob): Promise<T> {
    if (jobCount >= maxJobs) throw new AppError('busy');
    jobCount += 1;
    try {
      return await new Promise<T>((resolve, reject) => {
        join({ ...job, isOpen: true, resolve, reject }, uuid);
      });
    } finally {
      jobCount -= 1;
    }
  }

  function join(job: Job, uuid: string) {
    clearTimeout(job.timer);
    job.timer = setTimeout(() => {
      onGivenUp?.();
      refuse(job, new AppError('busy'));
    }, deadlineMs);
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

  /** Tries until every job of the turn is answered. Faults of the engine are tried again until a job's time is up. */
  async function runTurn(conversation: Conversation, jobs: Job[]) {
    // What did not exist may exist by now. Later in the turn its tail is what tells one's own entries.
    if (conversation.tail?.seq === 0) conversation.tail = undefined;
    for (let attempt = 0; ; attempt += 1) {
      if (attempt > 1) await backOff(attempt);
      const open = jobs.filter((job) => job.isOpen);
      const [first] = open;
      if (!first) return;
      try {
        if (first.kind === 'transact') await attemptTransact(conversation, first);
        else await attemptAppends(conversation, open.filter(isAppend));
      } catch (error) {
        if (isTransientFault(error)) continue;
        if (error instanceof AppError) refuse(first, error);
        else await settleFault(conversation, open, error);
      }
    }
  }

  /** A job at fault must not fail its neighbours: who was written all the same is answered, the others go alone. */
  async function settleFault(conversation: Conversation, open: Job[], error: unknown) {
    try {
      if (conversation.tail) answerLanded(open.filter(isAppend), await catchUp(conversation));
      const alone = open.filter((job) => job.isOpen);
      if (alone.length > 1) for (const job of alone) await runTurn(conversation, [job]);
      else for (const job of alone) refuse(job, error);
    } catch {
      for (const job of open) refuse(job, error);
    }
  }

  /** One try of the appends of a turn: answers those it can. */
  async function attemptAppends(conversation: Conversation, jobs: (AppendJob & Settle)[]) {
    conversation.tail ??= await loadTail(conversation.uuid, jobs[0]);
    if (conversation.tail.looksAhead > 0) await lookAhead(conversation, jobs);
    const tail = conversation.tail;
    const open = jobs.filter((job) => job.isOpen);
    const ready = await prepare(conversation, tail, open);
    if (ready.length === 0) return;
    const written = ready.map(({ append, messageUuid }, index) =>
      nextEntry(tail, index + 1, messageDraft(append), messageUuid),
    );
    const outcome = await writer.write(written);
    if (outcome === 'written') {
      for (const entry of written) tail.advance(entry);
      for (const [index, job] of ready.entries()) answer(job, written[index]);
      onAppend?.(written);
    } else if (outcome !== 'postponed') await lookAhead(conversation, ready);
  }

  /** Takes what is newer, answers those whose write is in it, and notes whether another node writes here too. */
  async function lookAhead(conversation: Conversation, jobs: (AppendJob & Settle)[]) {
    const looksAhead = conversation.tail?.looksAhead ?? 0;
    const newer = await catchUp(conversation);
    const ours = new Set(jobs.map(({ messageUuid }) => messageUuid));
    const isShared = newer.some(({ message_uuid }) => !ours.has(message_uuid));
    answerLanded(jobs, newer);
    if (conversation.tail)
      conversation.tail.looksAhead = isShared ? lookAheadAppends : Math.max(0, looksAhead - 1);
  }

  /** A refusal, or an answer that was lost, can hide the write's own success. */
  function answerLanded(jobs: (AppendJob & Settle)[], newer: Entry[]) {
    const landed = new Map(newer.map((entry) => [entry.message_uuid, entry]));
    for (const job of jobs) if (landed.has(job.messageUuid)) answer(job, landed.get(job.messageUuid));
  }

  /** Those to append now: members who have not sent the same before. The others are answered, or wait a try. */
  async function prepare(conversation: Conversation, tail: Tail, jobs: (AppendJob & Settle)[]) {
    const ready: (AppendJob & Settle)[] = [];
    const keys = new Set<string>();
    for (const job of jobs) {
      const { sender, idempotencyKey } = job.append;
      const scopedKey = `${sender.uuid} ${idempotencyKey}`;
      if (idempotencyKey !== undefined && keys.has(scopedKey)) continue;
      const isMember = await findMember(tail, sender.uuid);
      if (isMember && tail.removed.has(sender.uuid)) {
        // Added again, which this tail has not seen; or removed this instant, with the member item on its way out.
        answerLanded(jobs, await catchUp(conversation));
        if (conversation.tail?.removed.has(sender.uuid)) refuse(job, new AppError('message_group_not_found'));
        // What the others were found to be was found before the tail moved.
        return [];
      } else if (!isMember) refuse(job, new AppError('message_group_not_found'));
      else if (isFarBehind(tail, job)) void searchAside(job);
      else {
        const earlier = await findEarlier(tail, job);
        if (!earlier) ready.push(job);
        else await answerRepeat(job, earlier);
        keys.add(scopedKey);
      }
    }
    return ready;
  }

  /** No append follows that would be refused where the tail is behind: the membership is read, as of now. */
  async function answerRepeat(job: AppendJob & Settle, earlier: Entry) {
    const { messageGroupUuid, sender, bodyHash } = job.append;
    if (!(await members.get(table, messageGroupUuid, sender.uuid)))
      refuse(job, new AppError('message_group_not_found'));
    else if (earlier.body_hash === bodyHash) answer(job, earlier);
    else refuse(job, new AppError('idempotency_conflict'));
  }

  /** One try of a membership change. */
  async function attemptTransact(conversation: Conversation, job: TransactJob & Settle) {
    conversation.tail ??= await loadTail(conversation.uuid);
    const newer = await catchUp(conversation);
    const landed = newer.findIndex(({ message_uuid }) => message_uuid === job.messageUuid);
    if (landed >= 0) return answer(job, job.result?.(newer.slice(landed)));
    const tail = conversation.tail;
    const plan = await job.plan({ seq: tail.seq, now: stamp(tail) });
    if ('answer' in plan) return answer(job, plan.answer);
    job.result = plan.result;
    const isLarge = plan.memberCount > largeGroupMembers;
    const written = plan.drafts.map((draft, index) =>
      nextEntry({ ...tail, isLarge }, index + 1, draft, index === 0 ? job.messageUuid : randomUUID()),
    );
    if (!(await isTransactionWritten(written, plan.items(written)))) return;
    for (const entry of written) tail.advance(entry);
    onAppend?.(written);
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
  async function search(job: AppendJob, to?: number, deadline = Infinity): Promise<Entry | undefined> {
    const { sender, idempotencyKey, knownSeq = 0, messageGroupUuid } = job.append;
    const from = (job.searchedTo ?? knownSeq) + 1;
    for await (const page of entries.pages(table, messageGroupUuid, { from, to, order: 'ascending' })) {
      const found = page.find(
        (entry) => entry.user_uuid === sender.uuid && entry.idempotency_key === idempotencyKey,
      );
      if (found) return found;
      job.searchedTo = page.at(-1)?.seq ?? job.searchedTo;
      if (performance.now() > deadline) throw new AppError('busy');
    }
    return undefined;
  }

  function isFarBehind(tail: Tail, { append, searchedTo }: AppendJob): boolean {
    if (append.idempotencyKey === undefined || append.knownSeq === undefined) return false;
    return tail.coveredFrom - (searchedTo ?? append.knownSeq) > searchInTurn;
  }

  /** A search of many pages leaves the conversation's queue to the others, and joins it again when it is done. */
  async function searchAside(job: AppendJob & Settle) {
    const { sender, messageGroupUuid } = job.append;
    job.isOpen = false;
    clearTimeout(job.timer);
    const reopened = { ...job, isOpen: true };
    if (searching.has(sender.uuid)) return refuse(reopened, new AppError('busy'));
    searching.add(sender.uuid);
    try {
      const earlier = await asideLimit(() =>
        search(reopened, undefined, performance.now() + asideDeadlineMs),
      );
      if (!earlier) join(reopened, messageGroupUuid);
      else await answerRepeat(reopened, earlier);
    } catch (error) {
      refuse(reopened, isTransientFault(error) ? new AppError('busy', { cause: error }) : error);
    } finally {
      searching.delete(sender.uuid);
    }
  }

  /** Reads back until the tail holds the keys of the last 200 entries or 10 minutes, whichever is more. */
  async function coverWindow(tail: Tail) {
    for (let limit: number | undefined = 200; !tail.coversWindow(table.clock.now()); limit = undefined) {
      const to = tail.coveredFrom - 1;
      const page = await entries.range(table, tail.uuid, { to, order: 'descending', limit });
      tail.extend(page.entries);
    }
  }

  /**
   * Only a yes is kept: a no may be out of date, and no append would be refused to tell. A conversation that does not
   * exist is looked up all the same, so that a stranger's answer takes as long as for one that does.
   */
  async function findMember(tail: Tail, userUuid: string): Promise<boolean> {
    if (tail.members.has(userUuid)) return true;
    // The members of a large import are there before its group.
    if (tail.isLarge && !(await members.group(table, tail.uuid))) return false;
    const member = await members.get(table, tail.uuid, userUuid);
    if (tail.seq === 0 || !member) return false;
    if (!tail.removed.has(userUuid)) tail.members.add(userUuid);
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

  /**
   * Takes what is newer, all of it or nothing: an entry must not slip past the search for one's own. Those can only
   * be at the numbers that were tried, the next ones; a tail that lags by more than a page is loaded anew.
   */
  async function catchUp(conversation: Conversation): Promise<Entry[]> {
    conversation.tail ??= await loadTail(conversation.uuid);
    const { tail } = conversation;
    const newer = await entries.range(table, tail.uuid, {
      from: tail.seq + 1,
      order: 'ascending',
      limit: searchInTurn,
    });
    if (newer.isComplete) for (const entry of newer.entries) tail.advance(entry);
    else conversation.tail = await loadTail(conversation.uuid);
    return newer.entries;
  }

  /** Never before the newest entry, however the clocks of the nodes differ. */
  const stamp = (tail: Tail) => new Date(Math.max(table.clock.now(), tail.createdAtMs)).toISOString();

  function nextEntry(tail: Tail, offset: number, { author, ...draft }: Draft, messageUuid: string): Entry {
    // Assigned, as in `entryItem`.
    return Object.assign(draft, {
      message_group_uuid: tail.uuid,
      seq: tail.seq + offset,
      message_uuid: messageUuid,
      user_uuid: author.uuid,
      user_handle: author.handle,
      user_display_name: author.display_name,
      created_at: stamp(tail),
      message_count: tail.messageCount + (flagsOf(draft).countsAsMessage ? offset : 0),
      ...(tail.isLarge && { large: true as const }),
    });
  }

  /** A stranger to a conversation that this node does not know must not make it read its log. */
  async function isStranger({ messageGroupUuid, sender }: Append): Promise<boolean> {
    if (active.has(messageGroupUuid) || idle.has(messageGroupUuid)) return false;
    try {
      return (await members.get(table, messageGroupUuid, sender.uuid)) === undefined;
    } catch (error) {
      if (isTransientFault(error)) return false;
      throw error;
    }
  }

  return {
    table,
    async append(append) {
      if (await isStranger(append)) throw new AppError('message_group_not_found');
      return enqueue(append.messageGroupUuid, { kind: 'append', append, messageUuid: randomUUID() });
    },
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

const isAppend = (job: Job): job is AppendJob & Settle => job.kind === 'append';

function answer(job: Job, value: unknown) {
  job.isOpen = false;
  clearTimeout(job.timer);
  job.resolve(value as never);
}

function refuse(job: Job, error: unknown) {
  job.isOpen = false;
  clearTimeout(job.timer);
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
