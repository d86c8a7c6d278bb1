import type { ActiveConversation, AppendParts } from './active-conversation.ts';
import { admit } from './admission.ts';
import { catchUp, loadTail } from './catch-up.ts';
import { type AppendJob, answer } from './job.ts';
import { messageDraft, nextEntry, timestamp } from './next-entry.ts';
import { answerLanded } from './repeat.ts';
import { advance } from './tail.ts';

/** The number of appends that read newer entries first, after another node has written to the conversation. */
const lookAheadAppends = 16;

/** Makes one attempt to append the jobs of a turn. Jobs that stay open need another attempt. */
export async function attemptAppends(
  parts: AppendParts,
  conversation: ActiveConversation,
  jobs: AppendJob[],
) {
  const { table, writer, onAppend } = parts;
  conversation.tail ??= await loadTail(table, conversation.uuid, jobs[0]);
  if (conversation.tail.looksAhead > 0) await lookAhead(parts, conversation, jobs);
  const tail = conversation.tail;
  const open = jobs.filter((job) => job.isOpen);
  const ready = await admit(parts, conversation, tail, open);
  if (ready.length === 0) return;
  const createdAt = timestamp(table.clock.now(), tail);
  const written = ready.map(({ append, messageUuid }, index) =>
    nextEntry(tail, index + 1, messageDraft(append), { messageUuid, createdAt, isLarge: tail.isLarge }),
  );
  const outcome = await writer.write(written);
  if (outcome === 'written') {
    for (const entry of written) advance(tail, entry);
    for (const [index, job] of ready.entries()) answer(job, written[index]);
    onAppend?.(written);
  } else if (outcome !== 'postponed') await lookAhead(parts, conversation, ready);
}

/**
 * Reads newer entries, answers the jobs whose own entry is among them, and counts down unless another node wrote one.
 */
async function lookAhead(
  { table }: Pick<AppendParts, 'table'>,
  conversation: ActiveConversation,
  jobs: AppendJob[],
) {
  const looksAhead = conversation.tail?.looksAhead ?? 0;
  const newer = await catchUp(table, conversation);
  const own = new Set(jobs.map(({ messageUuid }) => messageUuid));
  const isShared = newer.some(({ message_uuid }) => !own.has(message_uuid));
  answerLanded(jobs, newer);
  if (conversation.tail)
    conversation.tail.looksAhead = isShared ? lookAheadAppends : Math.max(0, looksAhead - 1);
}
