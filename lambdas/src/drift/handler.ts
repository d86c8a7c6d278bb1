import { createDriftMonitor, type DriftMonitor } from '@parley/core/drift';
import type { Finding } from '@parley/core/history';
import type { Table } from '@parley/core/table/client';

type Write = (fields: Record<string, unknown>, message: string) => void;

/** Logs that somebody must act: a conversation's summaries are not what its log makes them. */
export const driftAlarm = (logger: { error: Write }) => (messageGroupUuid: string, findings: Finding[]) =>
  logger.error({ messageGroupUuid, findings }, 'summaries differ from their log: bin/check --repair');

/** Nothing tells a scheduled function how late the stream is: a suspect is given a minute. */
const settleMs = [1_000, 6_000, 60_000];

/** A monitor for a function that is called on a schedule, and forgets between containers. */
export const createScheduledMonitor = (table: Table, logger: { error: Write }): DriftMonitor =>
  createDriftMonitor(table, { onDrift: driftAlarm(logger), settleMs });

/** Looks at so many random conversations. Answers the monitor's counters, for a metric. */
export const createDriftHandler =
  (monitor: DriftMonitor, samples = 20) =>
  async () => {
    for (let sampled = 0; sampled < samples; sampled += 1) await monitor.pass();
    return monitor.counters();
  };
