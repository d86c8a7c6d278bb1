/** Summaries: the item and its positions, the inbox as a list, and what members have read. */
export { type InboxCursor, type ListInput, list } from './inbox.ts';
export { createNewestEntries, type NewestEntries, overlay } from './newest-entries.ts';
export { markRead, markSent } from './read-position.ts';
export { get, getEach, getMany } from './stored-summaries.ts';
export {
  advancedTo,
  isHidden,
  type NewSummary,
  newestOf,
  readPosition,
  readReceipt,
  type Summary,
  summaryFromItem,
  summaryItem,
  unreadCount,
} from './summary.ts';
