import type { ConsumerName } from '@parley/core/dead-letters/dead-letters';
import type { Handler } from '../message-stream/handler.ts';
import type { Consumer, ConsumerParts } from './consumer.ts';
import { largeSummaries } from './large-summaries.ts';
import { summaries } from './summaries.ts';

/**
 * Every consumer of the stream. The runner, the Lambda entry, the redrive of dead letters, and the event source
 * mappings and alarms on AWS read this record. The names are listed in `core`, which searches dead letters by them; the
 * compiler makes sure that both lists agree.
 */
const byName: { [Name in ConsumerName]: Consumer & { name: Name } } = {
  summaries,
  'large-summaries': largeSummaries,
};

/** Sorted: the prompt consumer comes first, because it sets the pace at which a shard is read. */
export const consumers: Consumer[] = Object.values(byName).sort(
  (one, other) => Number(other.reader === 'prompt') - Number(one.reader === 'prompt'),
);

export type Handlers = Record<ConsumerName, Handler>;

/** Makes a value for each consumer. */
export const forEachConsumer = <T>(make: (consumer: Consumer) => T) =>
  Object.fromEntries(consumers.map((consumer) => [consumer.name, make(consumer)])) as Record<ConsumerName, T>;

export const createHandlers = (parts: ConsumerParts): Handlers =>
  forEachConsumer((consumer) => consumer.create(parts));
