import { createDriftMonitor } from '@parley/core/audit/drift';
import type { Finding } from '@parley/core/log/fold';
import type { Table } from '@parley/core/table/client';
import type { Context } from 'aws-lambda';
import type { Lines } from '../lines.ts';

/** Logs an ERROR line for a conversation whose summaries differ from its log. */
export const driftAlarm = (logger: Pick<Lines, 'error'>) => (messageGroupUuid: string, findings: Finding[]) =>
  logger.error({ messageGroupUuid, findings }, 'summaries differ from their log: run bin/check --repair');

type Observers = { lines: Pick<Lines, 'error'>; count: (name: string, value: number) => void };

export type DriftHandlerOptions = {
  /** The most passes of an invocation. */
  passes?: number;
  /** The waits in milliseconds before a difference is recounted. */
  settleMs?: number[];
  /** The time in milliseconds that a pass needs for its reads, with a slow table. */
  marginMs?: number;
};

/** A scheduled function does not know how late the stream is, so a late summary gets a minute. */
const settleMsDefault = [1_000, 6_000, 60_000];
const marginMsDefault = 15_000;

/** The duration of a pass that finds a difference, in milliseconds. */
export const longestPassMs = (settleMs = settleMsDefault, marginMs = marginMsDefault) =>
  settleMs.reduce((sum, ms) => sum + ms, marginMs);

/**
 * Checks random conversations, and those that are known to differ, each once in an invocation. It begins a pass only if
 * the remaining time is enough, because an invocation that is killed publishes no metric. Known differences are kept in
 * memory, so a new container finds and logs them again.
 */
export function createDriftHandler(
  table: Table,
  { lines, count }: Observers,
  { passes = 20, settleMs = settleMsDefault, marginMs }: DriftHandlerOptions = {},
) {
  const monitor = createDriftMonitor(table, { onDrift: driftAlarm(lines), settleMs });
  const neededMs = longestPassMs(settleMs, marginMs);
  return async (_event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => {
    const seen = new Set<string>();
    for (let pass = 0; pass < passes && context.getRemainingTimeInMillis() >= neededMs; pass += 1)
      await monitor.pass(undefined, seen);
    const counters = monitor.counters();
    count('DriftingConversations', counters.differing);
    return counters;
  };
}
