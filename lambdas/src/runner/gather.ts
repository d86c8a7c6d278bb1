import type { DynamoDBRecord } from 'aws-lambda';

/** Lambda's limit for an event. */
const maxBatchBytes = 6_000_000;

export type Gathering = ReturnType<typeof createGathering>;

/** Collects a source's batch. `onDue` is called when it is full or its window has passed. */
export function createGathering(
  { batchSize, windowMs }: { batchSize: number; windowMs: number },
  onDue: () => void,
) {
  let batch: DynamoDBRecord[] = [];
  let bytes = 0;
  let isDue = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  const room = () => (bytes < maxBatchBytes ? batchSize - batch.length : 0);

  function endWindow() {
    isDue = true;
    onDue();
  }

  return {
    /** The number of records for which there is room. */
    room,
    oldest: () => batch[0],
    size: () => batch.length,
    add(records: DynamoDBRecord[]) {
      const isFirst = batch.length === 0;
      batch.push(...records);
      for (const { dynamodb } of records) bytes += dynamodb?.SizeBytes ?? 0;
      if (room() === 0 || windowMs === 0 || isClosed) isDue = true;
      else if (isFirst) timer = setTimeout(endWindow, windowMs);
      onDue();
    },
    /** Returns the batch if it is due, and starts an empty one. */
    release(): DynamoDBRecord[] | undefined {
      if (!isDue || batch.length === 0) return undefined;
      clearTimeout(timer);
      const records = batch;
      batch = [];
      bytes = 0;
      isDue = false;
      return records;
    },
    endWindow,
    /** Call this when no more records will come. The batch is due at once. */
    close() {
      isClosed = true;
      endWindow();
    },
    stop: () => clearTimeout(timer),
  };
}
