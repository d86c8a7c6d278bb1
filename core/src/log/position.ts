/** A position in a conversation's log: an entry's sequence number, and the number of messages up to that entry. */
export type LogPosition = { seq: number; count: number };

/** The position before the first entry. */
export const logStart: LogPosition = { seq: 0, count: 0 };

export const positionOf = ({ seq, message_count }: { seq: number; message_count: number }): LogPosition => ({
  seq,
  count: message_count,
});
