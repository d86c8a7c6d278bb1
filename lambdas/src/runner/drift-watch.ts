import type { DriftMonitor } from '@parley/core/audit/drift';
import { entryRecord } from '@parley/core/log/stream-records';
import type { Logger } from 'pino';
import type { EventSource } from './event-sources.ts';
import { createWaiter } from './waiter.ts';

type Handler = EventSource['handler'];

/** Remembers a conversation of the newest batch, because a fault is most likely in what changed last. */
export function createRecent() {
  let recent: string | undefined;
  return {
    /** The handler, and the conversation of each batch's last entry once the batch is done. */
    watching:
      (handler: Handler): Handler =>
      async (event, context) => {
        const response = await handler(event, context);
        const last = event.Records.at(-1);
        recent = (last && entryRecord(last)?.entry.message_group_uuid) ?? recent;
        return response;
      },
    /** Once each. */
    take() {
      const taken = recent;
      recent = undefined;
      return taken;
    },
  };
}

export type DriftWatchOptions = {
  monitor: DriftMonitor;
  /** Time between two passes. */
  everyMs: number;
  recent: () => string | undefined;
  logger: Logger;
};

/** Runs the monitor's passes until it is stopped. A pass under way is not awaited. */
export function startDriftWatch({ monitor, everyMs, recent, logger }: DriftWatchOptions) {
  const waiter = createWaiter();
  let isStopping = false;
  void (async () => {
    while (!isStopping) {
      await waiter.wait(everyMs * (0.75 + Math.random() / 2));
      if (isStopping) return;
      await monitor.pass(recent()).catch((err) => {
        if (!isStopping) logger.warn({ err }, 'drift monitor cannot read a conversation');
      });
    }
  })();
  return {
    stop() {
      isStopping = true;
      waiter.wake();
    },
  };
}
