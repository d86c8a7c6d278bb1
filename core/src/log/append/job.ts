import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Change, Entry, Person } from '../entries.ts';

/** An entry that has no sequence number yet. */
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

/** A membership change: its entries, the other items to write, and the answer. If nothing changes, only an answer. */
export type Plan<T> =
  | {
      drafts: Draft[];
      items: (written: Entry[]) => TransactItem[];
      result: (written: Entry[]) => T;
      /** The number of members after the change. */
      memberCount: number;
    }
  | { answer: T };

/** The end of a log when a change is planned. `seq` is 0 if the conversation does not exist. */
export type LogEnd = { seq: number; now: string };

export type AppendRequest = {
  kind: 'append';
  append: Append;
  messageUuid: string;
  /** The entries after `knownSeq` up to this number were searched, and hold no send with the same key. */
  searchedTo?: number;
};

export type TransactRequest = {
  kind: 'transact';
  messageUuid: string;
  plan: (end: LogEnd) => Promise<Plan<unknown>>;
  /** The answer of the last attempt, for when its entries are found in the log. */
  result?: (written: Entry[]) => unknown;
};

type Settle = {
  /** Rejects the job with `busy` at its deadline. */
  timer?: NodeJS.Timeout | undefined;
  /** False once the job is answered or has left its turn. */
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
