import type { DriftMonitor } from '@parley/core/audit/drift';
import { entryRecord } from '@parley/core/log/stream-records';
import type { Logger } from 'pino';
import type { EventSource } from './event-sources.ts';
import { createWaiter } from './waiter.ts';

type Handler = EventSource['handler'];

/** Remembers a conversation of the newest batches: where something went wrong, it most likely went wrong there. */
export function createRecent() {
  let recent: string | undefined;
  return {
    /** The handler, with the last entry of each batch noted once it is done. */
    noting:
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
  /** Time between two looks. */
  everyMs: number;
  recent: () => string | undefined;
  logger: Logger;
};

/** Lets the monitor look now and then, until it is stopped; a look under way is left to itself. */
export function startDriftWatch({ monitor, everyMs, recent, logger }: DriftWatchOptions) {
  const waiter = createWaiter();
  let isStopping = false;
  void (async () => {
    while (!isStopping) {
      await waiter.wait(everyMs * (0.75 + Math.random() / 2));
      if (isStopping) return;
      await monitor.pass(recent()).catch((err) => {
        if (!isStopping) logger.warn({ err }, 'no conversation could be looked at');
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
