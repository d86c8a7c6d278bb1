import type { ConsumerName } from '@parley/core/dead-letters/dead-letters';
import type { Push } from '@parley/core/live/push';
import type { StreamRecord } from '@parley/core/log/stream-records';
import type { Projector } from '@parley/core/projections/projector';
import type { Lines } from '../lines.ts';
import type { Handler } from '../message-stream/handler.ts';

/** The parts that all handlers of a process share. */
export type ConsumerParts = { projector: Projector; push: Push; logger: Lines };

/**
 * The records that a consumer wants: as a function for the runner, and as a pattern for Lambda. wants.test.ts checks
 * that both accept the same records.
 */
export type Wants = { filter: (record: StreamRecord) => boolean; pattern: Pattern };
export type Pattern = {
  eventName: string[];
  dynamodb: { Keys: Record<'pk' | 'sk', { S: { prefix: string }[] }>; NewImage?: object };
};

type Limits = {
  /** The number of attempts for a record that fails alone. */
  maxAttempts: number;
  /** A record older than this becomes a dead letter without another attempt. */
  maxAgeMs: number;
};

/** A consumer of the table's stream. The runner and the event source mappings on AWS are both made from it. */
export type Consumer = Limits & {
  /** The name under which its positions and dead letters are stored. */
  name: ConsumerName;
  wants: Wants;
  batchSize: number;
  /**
   * How long a batch may collect records, from its first one. Infra rounds it down, because Lambda takes whole seconds.
   */
  windowMs: number;
  /** The limits on AWS, where they must differ from the runner's. */
  onAws: Limits;
  /** The handler must end within this time. */
  timeoutMs: number;
  /** The prompt consumer sets the pace at which a shard is read. A trailing one may fall behind and catch up. */
  reader: 'prompt' | 'trailing';
  /** The Lambda's name, and the export of its bundle that it calls: `handlers.NAME`, or an older name. */
  functionName: string;
  handler: string;
  /**
   * The id of the event source mapping in the template. A new id makes a new mapping, which starts at the oldest
   * record.
   */
  mappingId: string;
  /** The alarm for its lag. `name` is the heading of its paragraph in docs/operations.md. */
  lagAlarm: { name: string; thresholdMs: number };
  create: (parts: ConsumerParts) => Handler;
};

/**
 * The runner does not count an attempt that failed because the table was unreachable, and has no age limit. Lambda
 * counts every attempt, so there a record gets many more attempts within six hours.
 */
export const limits = {
  maxAttempts: 8,
  maxAgeMs: Number.POSITIVE_INFINITY,
  onAws: { maxAttempts: 51, maxAgeMs: 6 * 60 * 60_000 },
};
