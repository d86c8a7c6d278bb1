import { LRUCache } from 'lru-cache';
import { AppError } from '../../errors.ts';
import type { Entry } from '../entries.ts';
import type { Conversation } from './conversation.ts';
import { type AppendRequest, type Job, refuse, type TransactRequest } from './job.ts';
import { bytesOf, observe, type Tail } from './tail.ts';
import { nextTurn } from './turn.ts';

export type QueueOptions = {
  /** Runs the jobs of a turn until each is answered. */
  runTurn: (conversation: Conversation, jobs: Job[]) => Promise<void>;
  /** The most entries of one turn. */
  maxEntries: number;
  /** Called for a job whose time was up. */
  onGivenUp?: (() => void) | undefined;
  deadlineMs: number;
  maxTailBytes: number;
  maxJobs: number;
};

/** The jobs of each conversation, one turn after the other, and the tails of conversations that have none now. */
export type Queues = ReturnType<typeof createQueues>;

export function createQueues(options: QueueOptions) {
  const { runTurn, maxEntries, onGivenUp, deadlineMs, maxTailBytes, maxJobs } = options;
  const active = new Map<string, Conversation>();
  const idle = new LRUCache<string, Tail>({ maxSize: maxTailBytes, sizeCalculation: bytesOf });
  let jobCount = 0;

  /** Answers `busy` at once if too many jobs wait, and once the deadline has passed. */
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

  function activate(uuid: string): Conversation {
    let conversation = active.get(uuid);
    if (!conversation) {
      conversation = { uuid, tail: idle.get(uuid), queue: [], observed: [], isRunning: false };
      idle.delete(uuid);
      active.set(uuid, conversation);
    }
    return conversation;
  }

  async function run(conversation: Conversation) {
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
    /** Enqueues a job again that left its turn, with its whole time. */
    join,
    /** Whether this node has written to the conversation lately, or is about to. */
    has: (uuid: string) => active.has(uuid) || idle.has(uuid),
    observe(entry: Entry) {
      const uuid = entry.message_group_uuid;
      const conversation = active.get(uuid);
      const tail = idle.peek(uuid);
      if (conversation) conversation.observed.push(entry);
      else if (tail) {
        // The size of a tail is only measured when it is set.
        idle.delete(uuid);
        observe(tail, entry);
        idle.set(uuid, tail);
      }
    },
  };
}
