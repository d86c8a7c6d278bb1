import type { Table } from '../../table/client.ts';
import type { Entry } from '../entries.ts';
import type { AppendWriter } from './append-writer.ts';
import type { AppendJob, Job } from './job.ts';
import type { Tail } from './tail.ts';

/** A conversation with jobs that wait or run on this node. */
export type ActiveConversation = {
  uuid: string;
  tail?: Tail | undefined;
  queue: Job[];
  /**
   * Entries that `observe` received during a turn. They are applied after it, because a turn searches for its own
   * writes.
   */
  observed: Entry[];
  isRunning: boolean;
};

/** The dependencies that the steps of an append share. */
export type AppendParts = {
  table: Table;
  writer: AppendWriter;
  /** Searches many pages of the log for a job's idempotency key, and then enqueues the job again. */
  searchAside: (job: AppendJob) => Promise<void>;
  onAppend?: ((written: Entry[]) => void) | undefined;
};
