import type { Projector } from '@parley/core/projector';
import { isTransientFault } from '@parley/core/table/faults';
import { entryRecord } from '@parley/core/table/stream';
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import type { Logger } from 'pino';

/**
 * Rewrites the summaries that a batch of stream records touches. Safe to repeat with the same, a cut or a shuffled
 * batch. What is no log entry of Parley's is counted and passed over; the records of a conversation that failed are
 * reported, so that the event source tries them again.
 */
export function createHandler(projector: Projector, logger: Logger) {
  return async (event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    const entries = event.Records.map(entryRecord).filter((record) => record !== undefined);
    const failed = await projector.project(entries);
    for (const [messageGroupUuid, err] of failed)
      logger.warn({ messageGroupUuid, err }, 'summaries not rewritten');
    // The table, no record, is at fault: the whole batch comes again, for as long as that takes.
    const fault = [...failed.values()].find(isTransientFault);
    if (fault) throw fault;
    logger.debug({ entries: entries.length, skipped: event.Records.length - entries.length }, 'stream batch');
    const reported = entries.filter(({ entry }) => failed.has(entry.message_group_uuid));
    return { batchItemFailures: reported.map(({ sequenceNumber }) => ({ itemIdentifier: sequenceNumber })) };
  };
}
