import { admit } from './admission.ts';
import { catchUp, loadTail } from './catch-up.ts';
import type { AppendParts, Conversation } from './conversation.ts';
import { type AppendJob, answer } from './job.ts';
import { messageDraft, nextEntry, timestamp } from './next-entry.ts';
import { answerLanded } from './repeat.ts';
import { advance } from './tail.ts';

/** Appends that read newer entries first after the last sign of another node. */
const lookAheadAppends = 16;

/** One try of the appends of a turn: answers those it can. */
export async function attemptAppends(parts: AppendParts, conversation: Conversation, jobs: AppendJob[]) {
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

/** Reads what is newer, answers the jobs whose write is in it, and remembers whether another node writes here too. */
async function lookAhead(
  { table }: Pick<AppendParts, 'table'>,
  conversation: Conversation,
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
