import { LRUCache } from 'lru-cache';
import type { Entry } from '../log/entries.ts';
import * as entries from '../log/entries.ts';
import type { Table } from '../table/client.ts';
import { advancedTo, type Summary } from './summary.ts';

/** The newest entries of large conversations, at most 1 s old. The summaries of these conversations trail. */
export type NewestEntries = { get(messageGroupUuid: string): Promise<Entry | undefined> };

export function createNewestEntries(table: Table): NewestEntries {
  const cache = new LRUCache<string, Entry>({
    max: 10_000,
    ttl: 1_000,
    fetchMethod: (messageGroupUuid) => entries.newest(table, messageGroupUuid),
  });
  return { get: (messageGroupUuid) => cache.fetch(messageGroupUuid) };
}

/** Shows a large conversation's newest entry before the trailing pass has written it. */
export async function overlay(newestEntries: NewestEntries, summary: Summary): Promise<Summary> {
  if (!summary.large) return summary;
  return advancedTo(summary, await newestEntries.get(summary.message_group_uuid));
}
