import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Table } from '@parley/core/table/client';
import { ttlAttribute } from '@parley/core/table/definition';
import { checkpointKey, checkpointSk, checkpointsPk, type Key, shardIdOf } from '@parley/core/table/keys';
import { queryAll } from '@parley/core/table/read';

/*
 * Who reads a shard, and how far: one item for each shard, as the Kinesis Client Library keeps it, with the position of
 * each event source. It has the key of the first source, under which each source had a lease of its own at first.
 *
 * 1. Whoever takes a lease raises its token, on condition of the token and the counter it has seen. Two that take at
 *    once are told apart by the table.
 * 2. Whoever holds it raises its counter with each write, on condition of its own token: a runner that was paused, or
 *    whose lease was taken, is refused from then on (the token fences it off), and a write that arrives late is, too.
 * 3. No clocks are compared. A lease is stale when an observer has seen the same token and counter for its whole
 *    duration, on the observer's own monotonic clock.
 */

/** Where a lease is stored. */
export type LeaseKey = { source: string; streamArn: string; shardId: string };

/**
 * A delivery that was begun, of so many records from one on. It failed, or is under way, or its runner is dead.
 * `attempts`: how often, where it is of one record alone.
 */
export type Attempt = { from: string; records: number; attempts: number };

/** How far a source is: everything up to `doneTo` (none: nothing was there), and what of the rest was tried. */
export type Progress = { doneTo?: string | undefined; trials: Attempt[] };

/**
 * Everything up to `sequenceNumber` is done by every source (none: nothing was there); `isFinished`: the shard is, and
 * `isPassed`: it is by the first source, so that its children may begin. `progress`: of each source by its name.
 */
export type Position = {
  sequenceNumber?: string | undefined;
  isFinished: boolean;
  isPassed?: boolean | undefined;
  progress?: Record<string, Progress> | undefined;
};
export type Checkpoint = Position & { updatedAtMs: number };

export type Lease = LeaseKey & {
  owner?: string | undefined;
  /** Raised by each take: the fencing token. 0: never taken. */
  token: number;
  /** Raised by each write of its holder. */
  counter: number;
  /** For how long an observer waits for the counter to move. */
  leaseMs: number;
  checkpoint?: Checkpoint | undefined;
};

/** A lease that nobody renews is of no use after a day, when its records are gone, and is dropped after a week. */
const keptDays = 7;

const keyOf = ({ source, streamArn, shardId }: LeaseKey) => checkpointKey(source, streamArn, shardId);

/** The leases of shards that somebody held at some time. 1 read unit for each 4 KB (about ten leases). */
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
 * Takes a lease as it was seen (undefined: it does not exist). Answers the lease with where its shard is to be read
 * on, or undefined where somebody else moved it meanwhile. Repeated after a lost answer, it finds its own. 1 write unit.
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
  /** Greater than that of every earlier write under this token. */
  counter: number;
  /** Where the shard is done up to now; undefined: as it is stored. */
  position?: Position | undefined;
  /** Gives the lease up. */
  isLast?: boolean;
};

/** Renews a lease, notes a position, or both. False: the lease is somebody else's. Safe to repeat. 1 write unit. */
export async function write(
  table: Table,
  { token, ...key }: LeaseKey & { token: number },
  { counter, position, isLast = false }: Change,
): Promise<boolean> {
  const set = ['lease_counter = :counter', '#ttl = :ttl'];
  const remove = isLast ? ['lease_owner'] : [];
  if (position) {
    set.push('is_finished = :finished', 'is_passed = :passed', 'updated_at = :now');
    set.push('source_progress = :progress');
    if (position.sequenceNumber) set.push('sequence_number = :position');
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
          ...(position && {
            ':finished': position.isFinished,
            ':now': new Date(table.clock.now()).toISOString(),
            ':passed': position.isPassed ?? position.isFinished,
            ':progress': position.progress ?? {},
            ...(position.sequenceNumber && { ':position': position.sequenceNumber }),
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

const ttl = ({ clock }: Table) => Math.floor(clock.now() / 1_000) + keptDays * 24 * 60 * 60;

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
            // Where each source had a lease of its own, this is about one of them.
            isFinished: item.is_finished === true && item.source_progress !== undefined,
            updatedAtMs: Date.parse(item.updated_at as string),
            isPassed: item.is_passed === true,
            progress: item.source_progress as Position['progress'],
          },
  };
}
