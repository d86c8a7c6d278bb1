import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Change, Entry, Person } from '../entries.ts';

/** An entry before it has a place in the log. */
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

/** A membership change: its entries, the items beside them, and the answer. Or an answer alone, if nothing is to change. */
export type Plan<T> =
  | {
      drafts: Draft[];
      items: (written: Entry[]) => TransactItem[];
      result: (written: Entry[]) => T;
      /** The number of members after the change. */
      memberCount: number;
    }
  | { answer: T };

/** The end of a log when a change is planned: `seq` 0 is a conversation that does not exist. */
export type LogEnd = { seq: number; now: string };

export type AppendRequest = {
  kind: 'append';
  append: Append;
  messageUuid: string;
  /** The entries after `knownSeq` up to here hold no earlier send of the same key. */
  searchedTo?: number;
};

export type TransactRequest = {
  kind: 'transact';
  messageUuid: string;
  plan: (end: LogEnd) => Promise<Plan<unknown>>;
  /** The answer, if the entries of the last attempt are found in the log. */
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

export type AppendJob = AppendRequest & Settle;
export type TransactJob = TransactRequest & Settle;
export type Job = AppendJob | TransactJob;

export const isAppend = (job: Job): job is AppendJob => job.kind === 'append';

export function answer(job: Job, value: unknown) {
  job.isOpen = false;
  clearTimeout(job.timer);
  job.resolve(value as never);
}

export function refuse(job: Job, error: unknown) {
  job.isOpen = false;
  clearTimeout(job.timer);
  job.reject(error);
}
