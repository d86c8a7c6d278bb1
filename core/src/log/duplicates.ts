import type { Entry } from './entries.ts';

/** The idempotency window: no message_uuid, and no key of one person, comes twice among this many entries. */
export const windowEntries = 200;

type Marked = Pick<Entry, 'seq' | 'message_uuid' | 'user_uuid' | 'idempotency_key'>;

/** Finds what comes twice among the newest entries of a log. */
export function createDuplicates() {
  const seqs = new Map<string, number>();
  const window: string[][] = [];

  function forget(mark: string, seq: number) {
    if ((seqs.get(mark) ?? 0) <= seq - windowEntries) seqs.delete(mark);
  }

  return {
    /** Adds the next entry, and describes what an earlier one of the window has too. */
    add({ seq, message_uuid, user_uuid, idempotency_key }: Marked): string[] {
      const marks = [`message_uuid ${message_uuid}`];
      if (idempotency_key !== undefined) marks.push(`key of ${user_uuid} ${idempotency_key}`);
      const twice = marks
        .filter((mark) => seqs.has(mark))
        .map((mark) => `${mark} is entry ${seqs.get(mark)}'s too`);
      for (const mark of marks) seqs.set(mark, seq);
      window.push(marks);
      if (window.length > windowEntries) for (const mark of window.shift() ?? []) forget(mark, seq);
      return twice;
    },
  };
}
