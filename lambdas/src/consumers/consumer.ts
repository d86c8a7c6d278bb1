import type { ConsumerName } from '@parley/core/dead-letters/dead-letters';
import type { Push } from '@parley/core/live/push';
import type { StreamRecord } from '@parley/core/log/stream-records';
import type { Projector } from '@parley/core/projections/projector';
import type { Lines } from '../lines.ts';
import type { Handler } from '../message-stream/handler.ts';

/** What the handlers share: one of each serves all consumers of a process. */
export type ConsumerParts = { projector: Projector; push: Push; logger: Lines };

/**
 * The records that a consumer wants, said twice because Lambda filters by a pattern: the two must agree
 * (wants.test.ts).
 */
export type Wants = { filter: (record: StreamRecord) => boolean; pattern: Pattern };
export type Pattern = {
  eventName: string[];
  dynamodb: { Keys: Record<'pk' | 'sk', { S: { prefix: string }[] }>; NewImage?: object };
};

type Limits = {
  /** How often a record is tried that fails alone. */
  maxAttempts: number;
  /** An older record becomes a dead letter without an attempt. */
  maxAgeMs: number;
};

/** A consumer of the table's stream. The runner and the event source mappings on AWS are both made from it. */
export type Consumer = Limits & {
  /** Names its positions and dead letters. */
  name: ConsumerName;
  wants: Wants;
  batchSize: number;
  /** How long a batch may gather, from its first record. Lambda takes whole seconds: infra rounds down. */
  windowMs: number;
  /** Where AWS must differ from the runner. */
  onAws: Limits;
  /** The handler must end within this time. */
  timeoutMs: number;
  /** The prompt reader sets the pace at which a shard is read; a trailing one may fall behind and catch up. */
  reader: 'prompt' | 'trailing';
  /** The Lambda: its name, and which export of its bundle it calls (`handlers.NAME`; older ones have a name each). */
  functionName: string;
  handler: string;
  /** Names the mapping in the template. Another id replaces the mapping, which begins at the oldest record again. */
  mappingId: string;
  /** The alarm for its lag: its paragraph in docs/operations.md. */
  lagAlarm: { name: string; thresholdMs: number };
  create: (parts: ConsumerParts) => Handler;
};

/**
 * The runner does not count an attempt that failed because of the table, and waits for as long as the table is away.
 * Lambda counts every attempt: it gets many more, and an end after which no record gets better.
 */
export const limits = {
  maxAttempts: 8,
  maxAgeMs: Number.POSITIVE_INFINITY,
  onAws: { maxAttempts: 51, maxAgeMs: 6 * 60 * 60_000 },
};
