import type { Push } from '@parley/core/live/push';
import { type EntryRecord, entryRecord } from '@parley/core/log/stream-records';
import type { Projector } from '@parley/core/projections/projector';
import { isTransientFault } from '@parley/core/table/faults';
import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import type { Lines } from '../lines.ts';

/** Without a context there is no deadline. */
export type Handler = (
  event: DynamoDBStreamEvent,
  context?: Pick<Context, 'getRemainingTimeInMillis'>,
) => Promise<DynamoDBBatchResponse>;
type RemainingMs = (() => number) | undefined;

/**
 * Rewrites the summaries that a batch of stream records touches. Safe to repeat with the same, a cut or a shuffled
 * batch. What is no log entry of Parley's is counted and passed over; the records of a conversation that failed are
 * reported, so that the event source tries them again; so are those there is no time for.
 */
export function createHandler(projector: Projector, logger: Lines): Handler {
  return handleEntries(logger, (entries, remainingMs) => projector.project(entries, remainingMs));
}

/**
 * The same, and tells the nodes afterwards. The summaries of large conversations are left to the handler above, with
 * a window of its own; their entries are told at once. A second delivery tells again, which clients expect.
 */
export function createLiveHandler(projector: Projector, push: Push, logger: Lines): Handler {
  return handleEntries(logger, async (entries, remainingMs) => {
    // Read while the summaries are written; whoever connects meanwhile reads the log after this entry.
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
    // The table, no record, is at fault: the whole batch comes again, for as long as that takes.
    const fault = [...failed.values()].find(isTransientFault);
    if (fault) throw fault;
    const message_uuids = entries.map(({ entry }) => entry.message_uuid);
    logger.debug({ message_uuids, skipped: event.Records.length - entries.length }, 'stream batch');
    const reported = entries.filter(({ entry }) => failed.has(entry.message_group_uuid));
    return { batchItemFailures: reported.map(({ sequenceNumber }) => ({ itemIdentifier: sequenceNumber })) };
  };
