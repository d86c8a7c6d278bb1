import { isLargeRecord } from '@parley/core/log/stream-records';
import { forEachConsumer } from '../consumers/all.ts';
import { type EventSource, eventSources } from '../runner/event-sources.ts';

/**
 * Event sources that call `handler`. Without a `largeHandler`, the trailing source calls it too, and the prompt source
 * skips entries of large conversations, so that the handler gets each entry once.
 */
export function sourcesFor(handler: EventSource['handler'], largeHandler?: EventSource['handler']) {
  const handlers = { ...forEachConsumer(() => handler), 'large-summaries': largeHandler ?? handler };
  return eventSources(handlers).map((source) => {
    if (largeHandler || source.name !== 'summaries') return source;
    return { ...source, filter: (record) => source.filter(record) && !isLargeRecord(record) } as EventSource;
  });
}
