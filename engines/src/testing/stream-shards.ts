import { createHash, randomUUID } from 'node:crypto';
import { Refusal } from './stream-refusal.ts';

export type EngineRecord = { dynamodb: { SequenceNumber: string; Keys: { pk: { S: string } } } };
type Read = { hash: number; number: bigint; record: EngineRecord };
/** A range of hashes of the partition key, and a range of the stream's records. */
export type ProxyShard = {
  id: string;
  parent?: string;
  from: number;
  to: number;
  start: number;
  end?: number;
};
export type Stream = {
  arn: string;
  /** The engine's own shard. */
  source: string;
  records: Read[];
  /** The engine's sequence number of the last record that was read. */
  readTo?: string;
  shards: ProxyShard[];
  /** Records before this index are trimmed. */
  horizon: number;
};

const hashes = 2 ** 32;
const hashOf = (text: string) => createHash('md5').update(text).digest().readUInt32BE(0);

export function openStream(arn: string, source: string, count: number): Stream {
  const stream: Stream = { arn, source, records: [], shards: [], horizon: 0 };
  const width = hashes / count;
  for (let index = 0; index < count; index += 1)
    stream.shards.push({ id: shardId(), from: width * index, to: width * (index + 1), start: 0 });
  return stream;
}

let opened = 0;

/** Ids sort in the order of opening, as on AWS. */
function shardId() {
  opened += 1;
  return `shardId-${String(opened).padStart(20, '0')}-${randomUUID().slice(0, 8)}`;
}

/** Sequence numbers are ten times the engine's, so that a test can put its own record between two. */
export function addRecord(stream: Stream, record: EngineRecord) {
  const { dynamodb } = record;
  stream.readTo = dynamodb.SequenceNumber;
  dynamodb.SequenceNumber += '0';
  const hash = hashOf(dynamodb.Keys.pk.S);
  stream.records.push({ hash, number: BigInt(dynamodb.SequenceNumber), record });
}

export function shardOf(stream: Stream, id: unknown): ProxyShard {
  const shard = stream.shards.find((each) => each.id === id);
  if (!shard) throw new Refusal('ResourceNotFoundException');
  return shard;
}

/** The index of the first record that an iterator returns. */
export function positionOf(
  stream: Stream,
  shard: ProxyShard,
  type: unknown,
  sequenceNumber: unknown,
): number {
  if (type === 'LATEST') return stream.records.length;
  if (type !== 'AFTER_SEQUENCE_NUMBER') return Math.max(shard.start, stream.horizon);
  const after = BigInt(String(sequenceNumber));
  const found = stream.records.findIndex(({ number }) => number > after);
  const next = found === -1 ? stream.records.length : found;
  assertNotTrimmed(stream, next);
  return next;
}

function assertNotTrimmed(stream: Stream, next: number) {
  if (next < stream.horizon) throw new Refusal('TrimmedDataAccessException');
}

/** Up to `limit` records of a shard, and the index after them, or undefined at the end of a closed shard. */
export function recordsFrom(stream: Stream, shard: ProxyShard, start: number, limit: number) {
  assertNotTrimmed(stream, start);
  const records: EngineRecord[] = [];
  const end = shard.end ?? stream.records.length;
  let next = start;
  for (; next < end && records.length < limit; next += 1) {
    const read = stream.records[next];
    if (read && read.hash >= shard.from && read.hash < shard.to) records.push(read.record);
  }
  const isDone = shard.end !== undefined && next >= shard.end;
  return { records, next: isDone ? undefined : next };
}

/** Closes a shard after the records so far, and opens its children there. */
export function splitShard(stream: Stream, id: string, children: 1 | 2) {
  const shard = stream.shards.find((each) => each.id === id);
  if (!shard || shard.end !== undefined) throw new Error(`${id} is not an open shard`);
  shard.end = stream.records.length;
  const width = (shard.to - shard.from) / children;
  for (let child = 0; child < children; child += 1) {
    const from = shard.from + width * child;
    stream.shards.push({ id: shardId(), parent: id, from, to: from + width, start: shard.end });
  }
}

/** Drops the records so far, and the shards that were closed before them. */
export function trimStream(stream: Stream) {
  stream.horizon = stream.records.length;
  stream.shards = stream.shards.filter(({ end = Infinity }) => end > stream.horizon);
}
