import { LRUCache } from 'lru-cache';
import { AppError } from '../../errors.ts';
import type { Entry } from '../entries.ts';
import type { ActiveConversation } from './active-conversation.ts';
import { type AppendRequest, type Job, refuse, type TransactRequest } from './job.ts';
import { bytesOf, observe, type Tail } from './tail.ts';
import { nextTurn } from './turn.ts';

export type QueueOptions = {
  /** Runs the jobs of a turn until each is answered or has left the turn. */
  runTurn: (conversation: ActiveConversation, jobs: Job[]) => Promise<void>;
  /** The most entries of one turn. */
  maxEntries: number;
  /** Called for a job that reached its deadline. */
  onGivenUp?: (() => void) | undefined;
  deadlineMs: number;
  maxTailBytes: number;
  maxJobs: number;
};

/** Runs the jobs of each conversation, one turn after the other, and keeps the tails of conversations without jobs. */
export type Queues = ReturnType<typeof createQueues>;

export function createQueues(options: QueueOptions) {
  const { runTurn, maxEntries, onGivenUp, deadlineMs, maxTailBytes, maxJobs } = options;
  const active = new Map<string, ActiveConversation>();
  const idle = new LRUCache<string, Tail>({ maxSize: maxTailBytes, sizeCalculation: bytesOf });
  let jobCount = 0;

  /** Resolves with the job's answer. Rejects with `busy` at once if too many jobs wait, and at the deadline. */
  async function enqueue<T>(uuid: string, request: AppendRequest | TransactRequest): Promise<T> {
    if (jobCount >= maxJobs) throw new AppError('busy');
    jobCount += 1;
    try {
      return await new Promise<T>((resolve, reject) => {
        join(uuid, { ...request, isOpen: true, resolve, reject });
      });
    } finally {
      jobCount -= 1;
    }
  }

  function join(uuid: string, job: Job) {
    clearTimeout(job.timer);
    job.timer = setTimeout(() => {
      onGivenUp?.();
      refuse(job, new AppError('busy'));
    }, deadlineMs);
    const conversation = activate(uuid);
    conversation.queue.push(job);
    if (!conversation.isRunning) void run(conversation);
  }

  function activate(uuid: string): ActiveConversation {
    let conversation = active.get(uuid);
    if (!conversation) {
      conversation = { uuid, tail: idle.get(uuid), queue: [], observed: [], isRunning: false };
      idle.delete(uuid);
      active.set(uuid, conversation);
    }
    return conversation;
  }

  async function run(conversation: ActiveConversation) {
    conversation.isRunning = true;
    while (conversation.queue.length > 0) {
      for (const entry of conversation.observed.splice(0))
        if (conversation.tail) observe(conversation.tail, entry);
      await runTurn(conversation, nextTurn(conversation.queue, maxEntries));
    }
    active.delete(conversation.uuid);
    if (conversation.tail?.seq) idle.set(conversation.uuid, conversation.tail);
  }

  return {
    enqueue,
    /** Enqueues a job that left its turn again, with a new deadline. */
    join,
    /** Whether this node has a tail of the conversation or jobs for it. */
    has: (uuid: string) => active.has(uuid) || idle.has(uuid),
    /** Applies an entry that arrived at this node, so that the next append need not read it. */
    observe(entry: Entry) {
      const uuid = entry.message_group_uuid;
      const conversation = active.get(uuid);
      const tail = idle.peek(uuid);
      if (conversation) conversation.observed.push(entry);
      else if (tail) {
        // The cache measures a tail only when it is set.
        idle.delete(uuid);
        observe(tail, entry);
        idle.set(uuid, tail);
      }
    },
  };
}
