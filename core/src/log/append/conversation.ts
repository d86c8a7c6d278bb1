import type { Table } from '../../table/client.ts';
import type { Entry } from '../entries.ts';
import type { AppendWriter } from './append-writer.ts';
import type { AppendJob, Job } from './job.ts';
import type { Tail } from './tail.ts';

/** A conversation with jobs that wait or run on this node. */
export type Conversation = {
  uuid: string;
  tail?: Tail | undefined;
  queue: Job[];
  /** Entries that `observe` brought during a turn. They wait for its end: a turn must not lose sight of its own writes. */
  observed: Entry[];
  isRunning: boolean;
};

/** What the steps of an append share. */
export type AppendParts = {
  table: Table;
  writer: AppendWriter;
  /** Searches a long stretch of the log for a job's key, and then enqueues the job again. */
  searchAside: (job: AppendJob) => Promise<void>;
  onAppend?: ((written: Entry[]) => void) | undefined;
};
