import { AppError } from '../../errors.ts';
import type { Table } from '../../table/client.ts';
import type { Entry } from '../entries.ts';
import * as members from '../members.ts';
import { type AppendJob, answer, refuse } from './job.ts';

/**
 * Answers a repeat with its earlier entry. No append follows that would be refused if the tail is behind, so the
 * membership is read as of now.
 */
export async function answerRepeat(table: Table, job: AppendJob, earlier: Entry) {
  const { messageGroupUuid, sender, bodyHash } = job.append;
  if (!(await members.get(table, messageGroupUuid, sender.uuid)))
    refuse(job, new AppError('message_group_not_found'));
  else if (earlier.body_hash === bodyHash) answer(job, earlier);
  else refuse(job, new AppError('idempotency_conflict'));
}

/** A refusal, or an answer that was lost, can hide the write's own success: answers the jobs whose entry is there. */
export function answerLanded(jobs: AppendJob[], newer: Entry[]) {
  const landed = new Map(newer.map((entry) => [entry.message_uuid, entry]));
  for (const job of jobs) if (landed.has(job.messageUuid)) answer(job, landed.get(job.messageUuid));
}
