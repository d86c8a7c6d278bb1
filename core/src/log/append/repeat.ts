import { AppError } from '../../errors.ts';
import type { Table } from '../../table/client.ts';
import type { Entry } from '../entries.ts';
import * as members from '../members.ts';
import { type AppendJob, answer, refuse } from './job.ts';

/**
 * Answers a repeat with its earlier entry. An append by an outdated tail would be refused, but a repeat appends
 * nothing, so the membership is read from the table.
 */
export async function answerRepeat(table: Table, job: AppendJob, earlier: Entry) {
  const { messageGroupUuid, sender, bodyHash } = job.append;
  if (!(await members.get(table, messageGroupUuid, sender.uuid)))
    refuse(job, new AppError('message_group_not_found'));
  else if (earlier.body_hash === bodyHash) answer(job, earlier);
  else refuse(job, new AppError('idempotency_conflict'));
}

/** Answers the jobs whose entry is in the log: after a refusal or a lost answer, the write may still have succeeded. */
export function answerLanded(jobs: AppendJob[], newer: Entry[]) {
  const landed = new Map(newer.map((entry) => [entry.message_uuid, entry]));
  for (const job of jobs) if (landed.has(job.messageUuid)) answer(job, landed.get(job.messageUuid));
}
