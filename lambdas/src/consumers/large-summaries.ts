import { createHandler } from '../message-stream/handler.ts';
import { type Consumer, limits } from './consumer.ts';
import { largeEntries } from './wants.ts';

/** The trailing pass: writes the summaries of large conversations, at most five seconds after the message. */
export const largeSummaries = {
  ...limits,
  name: 'large-summaries',
  wants: largeEntries,
  batchSize: 10_000,
  // Less than five seconds, because the pass itself takes time.
  windowMs: 3_500,
  timeoutMs: 60_000,
  reader: 'trailing',
  functionName: 'message-stream-large',
  handler: 'largeHandler',
  mappingId: 'LargeEntries',
  lagAlarm: { name: 'The trailing pass lags', thresholdMs: 60_000 },
  create: ({ projector, logger }) => createHandler(projector, logger),
} satisfies Consumer;
