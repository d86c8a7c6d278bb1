import type { Entry } from './entries.ts';

/** The idempotency window: among this many entries, every message_uuid and every person's key must be unique. */
export const windowEntries = 200;

type Marked = Pick<Entry, 'seq' | 'message_uuid' | 'user_uuid' | 'idempotency_key'>;

/** Finds duplicate uuids and keys among the newest entries of a log. */
export function createDuplicates() {
  const seqs = new Map<string, number>();
  const window: string[][] = [];

  function forget(mark: string, seq: number) {
    if ((seqs.get(mark) ?? 0) <= seq - windowEntries) seqs.delete(mark);
  }

  return {
    /** Adds the next entry. Returns a description of each value that an earlier entry of the window has too. */
    add({ seq, message_uuid, user_uuid, idempotency_key }: Marked): string[] {
      const marks = [`message_uuid ${message_uuid}`];
      if (idempotency_key !== undefined) marks.push(`key of ${user_uuid} ${idempotency_key}`);
      const twice = marks
        .filter((mark) => seqs.has(mark))
        .map((mark) => `${mark} is also that of entry ${seqs.get(mark)}`);
      for (const mark of marks) seqs.set(mark, seq);
      window.push(marks);
      if (window.length > windowEntries) for (const mark of window.shift() ?? []) forget(mark, seq);
      return twice;
    },
  };
}
