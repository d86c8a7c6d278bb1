import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Table } from '@parley/core/table/client';
import { ttlAttribute } from '@parley/core/table/definition';
import { checkpointKey, checkpointSk, checkpointsPk, type Key, shardIdOf } from '@parley/core/table/keys';
import { queryAll } from '@parley/core/table/read';

/*
 * The lease of a shard: which runner reads it, and the progress of each event source. There is one item for each shard,
 * as in the Kinesis Client Library. Its key contains the name of the first source, because in earlier versions each
 * source had its own lease.
 *
 * 1. To acquire a lease, a runner raises its token, on condition that token and counter are as it has read them. So of
 *    two runners that try at once, the table refuses one.
 * 2. The holder raises the counter with each write, on condition of its own token. So after another runner has acquired
 *    the lease, the previous holder's writes are refused, and so is a write that arrives late.
 * 3. No clocks are compared. A lease is stale when a runner has read the same token and counter for the lease's whole
 *    duration, by the runner's own monotonic clock.
 */

/** Identifies a lease. */
export type LeaseKey = { source: string; streamArn: string; shardId: string };

/**
 * A delivery that was started and is not done: it failed, is still running, or its runner died. It covers `records`
 * records from the sequence number `from` on. `attempts` counts only deliveries of a single record, and is 0 otherwise.
 */
export type Attempt = { from: string; records: number; attempts: number };

/** The progress of a source. Everything up to `doneTo` is done; `trials` are the attempts of later records. */
export type Progress = { doneTo?: string | undefined; trials: Attempt[] };

/**
 * How far a shard is done. A missing sequence number stands for the beginning of the shard, before its first record.
 */
export type Checkpoint = {
  /** Every source is done up to here. */
  sequenceNumber?: string | undefined;
  /** Every source is done with the whole shard. */
  isFinished: boolean;
  /** The first source is done with the whole shard, so its children may begin. */
  isPassed?: boolean | undefined;
  /** The progress of each source, by its name. */
  progress?: Record<string, Progress> | undefined;
};
export type StoredCheckpoint = Checkpoint & { updatedAtMs: number };

export type Lease = LeaseKey & {
  owner?: string | undefined;
  /** The fencing token, raised each time the lease is acquired. 0 if it never was. */
  token: number;
  /** Raised by each write of the holder. */
  counter: number;
  /** If the counter does not change for this long, the lease is stale. */
  leaseMs: number;
  checkpoint?: StoredCheckpoint | undefined;
};

/** Unused leases expire after this time. The records of their shards are gone after a day. */
const retentionDays = 7;

const keyOf = ({ source, streamArn, shardId }: LeaseKey) => checkpointKey(source, streamArn, shardId);

/** All leases of a stream that any runner has ever held. 1 read unit for each 4 KB (about ten leases). */
export async function list(table: Table, source: string, streamArn: string): Promise<Lease[]> {
  const found: Lease[] = [];
  const items = queryAll(table, {
    TableName: table.runnerName,
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
    ExpressionAttributeValues: {
      ':pk': checkpointsPk(source),
      ':from': checkpointSk(streamArn, ''),
      ':to': checkpointSk(streamArn, '~'),
    },
  });
  for await (const item of items)
    found.push(leaseFromItem({ source, streamArn, shardId: shardIdOf(item as Key) }, item));
  return found;
}

/**
 * Acquires a lease that is still as `seen` (undefined: it does not exist yet). Returns it with its checkpoint, or
 * undefined if another runner has changed it. If a repeat after a lost answer is refused, it recognizes its own lease.
 * 1 write unit.
 */
export async function acquire(
  table: Table,
  key: LeaseKey,
  seen: Lease | undefined,
  { owner, leaseMs }: { owner: string; leaseMs: number },
): Promise<Lease | undefined> {
  const [token, counter] = [seen?.token ?? 0, seen?.counter ?? 0];
  try {
    const { Attributes = {} } = await table.doc.send(
      new UpdateCommand({
        TableName: table.runnerName,
        Key: keyOf(key),
        UpdateExpression:
          'SET lease_owner = :owner, lease_token = :next, lease_counter = :none, lease_ms = :ms, #ttl = :ttl',
        ConditionExpression:
          token === 0
            ? 'attribute_not_exists(lease_token)'
            : 'lease_token = :token AND lease_counter = :counter',
        ExpressionAttributeNames: { '#ttl': ttlAttribute },
        ExpressionAttributeValues: {
          ':owner': owner,
          ':next': token + 1,
          ':none': 0,
          ':ms': leaseMs,
          ':ttl': ttl(table),
          ...(token > 0 && { ':token': token, ':counter': counter }),
        },
        ReturnValues: 'ALL_NEW',
      }),
    );
    return leaseFromItem(key, Attributes);
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    const current = await get(table, key);
    return current?.owner === owner && current.token === token + 1 ? current : undefined;
  }
}

/** 1 read unit. */
export async function get(table: Table, key: LeaseKey): Promise<Lease | undefined> {
  const { Item } = await table.doc.send(
    new GetCommand({ TableName: table.runnerName, Key: keyOf(key), ConsistentRead: true }),
  );
  return Item && leaseFromItem(key, Item);
}

export type Change = {
  /** Must be greater than in every earlier write under this token. */
  counter: number;
  /** Undefined leaves the stored checkpoint as it is. */
  checkpoint?: Checkpoint | undefined;
  /** Releases the lease. */
  isLast?: boolean;
};

/** Renews a lease and writes its checkpoint. Returns false if another runner holds it. Safe to repeat. 1 write unit. */
export async function write(
  table: Table,
  { token, ...key }: LeaseKey & { token: number },
  { counter, checkpoint, isLast = false }: Change,
): Promise<boolean> {
  const set = ['lease_counter = :counter', '#ttl = :ttl'];
  const remove = isLast ? ['lease_owner'] : [];
  if (checkpoint) {
    set.push('is_finished = :finished', 'is_passed = :passed', 'updated_at = :now');
    set.push('source_progress = :progress');
    if (checkpoint.sequenceNumber) set.push('sequence_number = :position');
    else remove.push('sequence_number');
  }
  try {
    await table.doc.send(
      new UpdateCommand({
        TableName: table.runnerName,
        Key: keyOf(key),
        UpdateExpression: `SET ${set.join(', ')}${remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : ''}`,
        ConditionExpression: 'lease_token = :token AND lease_counter <= :counter',
        ExpressionAttributeNames: { '#ttl': ttlAttribute },
        ExpressionAttributeValues: {
          ':token': token,
          ':counter': counter,
          ':ttl': ttl(table),
          ...(checkpoint && {
            ':finished': checkpoint.isFinished,
            ':now': new Date(table.clock.now()).toISOString(),
            ':passed': checkpoint.isPassed ?? checkpoint.isFinished,
            ':progress': checkpoint.progress ?? {},
            ...(checkpoint.sequenceNumber && { ':position': checkpoint.sequenceNumber }),
          }),
        },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

const ttl = ({ clock }: Table) => Math.floor(clock.now() / 1_000) + retentionDays * 24 * 60 * 60;

function leaseFromItem(key: LeaseKey, item: Record<string, unknown>): Lease {
  return {
    ...key,
    owner: item.lease_owner as string | undefined,
    token: (item.lease_token as number | undefined) ?? 0,
    counter: (item.lease_counter as number | undefined) ?? 0,
    leaseMs: (item.lease_ms as number | undefined) ?? 0,
    checkpoint:
      item.updated_at === undefined
        ? undefined
        : {
            sequenceNumber: item.sequence_number as string | undefined,
            // Without the progress of sources, the item is from an earlier version, and the flag is only the first source's.
            isFinished: item.is_finished === true && item.source_progress !== undefined,
            updatedAtMs: Date.parse(item.updated_at as string),
            isPassed: item.is_passed === true,
            progress: item.source_progress as Checkpoint['progress'],
          },
  };
}
