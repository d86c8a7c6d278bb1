import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Table } from '@parley/core/table/client';
import { checkpointKey } from '@parley/core/table/keys';

/** Where a consumer stands in a shard: everything up to `sequenceNumber` is done; `isFinished`: the shard is. */
export type Checkpoint = { sequenceNumber?: string | undefined; isFinished: boolean; updatedAtMs: number };

type Place = { consumer: string; streamArn: string; shardId: string };

export async function read(
  table: Table,
  { consumer, streamArn, shardId }: Place,
): Promise<Checkpoint | undefined> {
  const { Item } = await table.doc.send(
    new GetCommand({
      TableName: table.runnerName,
      Key: checkpointKey(consumer, streamArn, shardId),
      ConsistentRead: true,
    }),
  );
  if (!Item) return undefined;
  return {
    sequenceNumber: Item.sequence_number as string | undefined,
    isFinished: Item.is_finished as boolean,
    updatedAtMs: Date.parse(Item.updated_at as string),
  };
}

/** Safe to repeat. */
export async function write(
  table: Table,
  { consumer, streamArn, shardId }: Place,
  checkpoint: Omit<Checkpoint, 'updatedAtMs'>,
) {
  await table.doc.send(
    new PutCommand({
      TableName: table.runnerName,
      Item: {
        ...checkpointKey(consumer, streamArn, shardId),
        sequence_number: checkpoint.sequenceNumber,
        is_finished: checkpoint.isFinished,
        updated_at: new Date(table.clock.now()).toISOString(),
      },
    }),
  );
}
