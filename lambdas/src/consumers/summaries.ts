import { createLiveHandler } from '../message-stream/handler.ts';
import { type Consumer, limits } from './consumer.ts';
import { entries } from './wants.ts';

/** Writes the summaries of small conversations, then sends every entry to the nodes of its members. */
export const summaries = {
  ...limits,
  name: 'summaries',
  wants: entries,
  batchSize: 1_000,
  windowMs: 0,
  timeoutMs: 60_000,
  reader: 'prompt',
  functionName: 'message-stream',
  handler: 'handler',
  mappingId: 'Entries',
  lagAlarm: { name: 'The stream lags', thresholdMs: 30_000 },
  create: ({ projector, push, logger }) => createLiveHandler(projector, push, logger),
} satisfies Consumer;
