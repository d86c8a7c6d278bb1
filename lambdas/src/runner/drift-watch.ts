import type { DriftMonitor } from '@parley/core/audit/drift';
import { entryRecord } from '@parley/core/log/stream-records';
import type { Logger } from 'pino';
import type { EventSource } from './event-sources.ts';
import { createWaiter } from './waiter.ts';

type Handler = EventSource['handler'];

/** Remembers a conversation of the newest batch, because a fault is most likely in the newest changes. */
export function createRecent() {
  let recent: string | undefined;
  return {
    /** Wraps a handler: after each batch, the conversation of its last entry is remembered. */
    watching:
      (handler: Handler): Handler =>
      async (event, context) => {
        const response = await handler(event, context);
        const last = event.Records.at(-1);
        recent = (last && entryRecord(last)?.entry.message_group_uuid) ?? recent;
        return response;
      },
    /** Returns the remembered conversation and forgets it. */
    pop() {
      const popped = recent;
      recent = undefined;
      return popped;
    },
  };
}

export type DriftWatchOptions = {
  monitor: DriftMonitor;
  /** The average time between two passes, in milliseconds. */
  everyMs: number;
  recent: () => string | undefined;
  logger: Logger;
};

/** Runs passes of the monitor until it is stopped. `stop` does not wait for a pass that is running. */
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
