import { createDriftMonitor } from '@parley/core/audit/drift';
import type { Finding } from '@parley/core/log/fold';
import type { Table } from '@parley/core/table/client';
import type { Context } from 'aws-lambda';
import type { Lines } from '../lines.ts';

/** Logs that somebody must act: a conversation's summaries are not what its log makes them. */
export const driftAlarm = (logger: Pick<Lines, 'error'>) => (messageGroupUuid: string, findings: Finding[]) =>
  logger.error({ messageGroupUuid, findings }, 'summaries differ from their log: bin/check --repair');

/** Who hears of it: somebody who must act, and a metric. */
type Watchers = { lines: Pick<Lines, 'error'>; count: (name: string, value: number) => void };

export type DriftHandlerOptions = {
  /** Random conversations of an invocation, as far as it has the time. */
  passes?: number;
  settleMs?: number[];
  /** What a pass takes beside that, where the table is slow. */
  marginMs?: number;
};

/** Nothing tells a scheduled function how late the stream is: a suspect is given a minute. */
const settleMsDefault = [1_000, 6_000, 60_000];
const marginMsDefault = 15_000;

/** How long a pass takes that meets a suspect. */
export const longestPassMs = (settleMs = settleMsDefault, marginMs = marginMsDefault) =>
  settleMs.reduce((sum, ms) => sum + ms, marginMs);

/**
 * Looks at random conversations and at those that are known to differ, at each once, and begins no pass that the
 * invocation could not end: whoever is killed counts nothing. Forgets between containers.
 */
export function createDriftHandler(
  table: Table,
  { lines, count }: Watchers,
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
