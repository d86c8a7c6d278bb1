import { isLargeRecord } from '@parley/core/log/stream-records';
import { forEachConsumer } from '../consumers/all.ts';
import { type EventSource, eventSources } from '../runner/event-sources.ts';

/**
 * The event sources around one handler. Without a handler for large conversations, each entry comes to it once: the
 * prompt source leaves the entries of large conversations out.
 */
export function sourcesFor(handler: EventSource['handler'], largeHandler?: EventSource['handler']) {
  const handlers = { ...forEachConsumer(() => handler), 'large-summaries': largeHandler ?? handler };
  return eventSources(handlers).map((source) => {
    if (largeHandler || source.name !== 'summaries') return source;
    return { ...source, filter: (record) => source.filter(record) && !isLargeRecord(record) } as EventSource;
  });
}
