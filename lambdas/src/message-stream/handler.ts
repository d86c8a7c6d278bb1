import type { Push } from '@parley/core/live/push';
import { type EntryRecord, entryRecord } from '@parley/core/log/stream-records';
import type { Projector } from '@parley/core/projections/projector';
import { isTransientFault } from '@parley/core/table/faults';
import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import type { Lines } from '../lines.ts';

/** A stream handler. Without a context it has no deadline. */
export type Handler = (
  event: DynamoDBStreamEvent,
  context?: Pick<Context, 'getRemainingTimeInMillis'>,
) => Promise<DynamoDBBatchResponse>;
type RemainingMs = (() => number) | undefined;

/**
 * Writes the summaries of the conversations in a batch of stream records. Reports the records of conversations that
 * failed or for which the time was too short, so that the event source retries them. Skips records that hold no entry.
 * Safe to repeat with the same batch, a part of it, or another order. Rejects if the table was unreachable.
 */
export function createHandler(projector: Projector, logger: Lines): Handler {
  return handleEntries(logger, (entries, remainingMs) => projector.project(entries, remainingMs));
}

/**
 * Does the same for small conversations, and then sends all entries to the nodes of their members. Entries of large
 * conversations are sent at once; the handler above writes their summaries in the trailing pass. A repeat sends entries
 * again, and clients drop duplicates.
 */
export function createLiveHandler(projector: Projector, push: Push, logger: Lines): Handler {
  return handleEntries(logger, async (entries, remainingMs) => {
    // Read while the summaries are written. A socket that connects meanwhile reads the log, with this entry in it.
    const routing = push.route(entries);
    routing.catch(() => {}); // Awaited below.
    const small = entries.filter(({ entry }) => !entry.large);
    const failed = await projector.project(small, remainingMs);
    await push.send(await routing, failed);
    return failed;
  });
}

const handleEntries =
  (
    logger: Lines,
    handle: (entries: EntryRecord[], remainingMs: RemainingMs) => Promise<Map<string, unknown>>,
  ): Handler =>
  async (event, context) => {
    const entries = event.Records.map(entryRecord).filter((record) => record !== undefined);
    const failed = await handle(entries, context?.getRemainingTimeInMillis.bind(context));
    for (const [messageGroupUuid, err] of failed)
      logger.warn({ messageGroupUuid, err }, 'summaries not rewritten');
    // The table is at fault, not a record. So the whole batch is retried, and the runner does not count the attempt.
    const fault = [...failed.values()].find(isTransientFault);
    if (fault) throw fault;
    const message_uuids = entries.map(({ entry }) => entry.message_uuid);
    logger.debug({ message_uuids, skipped: event.Records.length - entries.length }, 'stream batch');
    const reported = entries.filter(({ entry }) => failed.has(entry.message_group_uuid));
    return { batchItemFailures: reported.map(({ sequenceNumber }) => ({ itemIdentifier: sequenceNumber })) };
  };
