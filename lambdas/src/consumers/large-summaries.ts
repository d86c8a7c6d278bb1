import { createHandler } from '../message-stream/handler.ts';
import { type Consumer, limits } from './consumer.ts';
import { largeEntries } from './wants.ts';

/** Rewrites the summaries of large conversations, which trail by five seconds at most. */
export const largeSummaries = {
  ...limits,
  name: 'large-summaries',
  wants: largeEntries,
  batchSize: 10_000,
  // The pass itself has to fit into the five seconds, too.
  windowMs: 3_500,
  timeoutMs: 60_000,
  reader: 'trailing',
  functionName: 'message-stream-large',
  handler: 'largeHandler',
  mappingId: 'LargeEntries',
  lagAlarm: { name: 'The trailing pass lags', thresholdMs: 60_000 },
  create: ({ projector, logger }) => createHandler(projector, logger),
} satisfies Consumer;
