import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/*
 * Stands in front of a DynamoDB API whose stream has one shard, and plays one with several, as on AWS.
 *
 * The engine's records are read once, in order, into memory. A shard is a range of hashes of the partition key and a
 * range of that list: so a record is in exactly one shard, and all records of a partition key follow each other through
 * a line of shards. Closing a shard ends its range where the list ends, and its children begin there. Sequence numbers are
 * ten times the engine's, so that a test can put a record of its own between two.
 */

type Body = Record<string, unknown>;
type EngineRecord = { dynamodb: { SequenceNumber: string; Keys: { pk: { S: string } } } };
type Read = { hash: number; number: bigint; record: EngineRecord };
type ProxyShard = { id: string; parent?: string; from: number; to: number; start: number; end?: number };
type Stream = {
  arn: string;
  /** The engine's own shard. */
  source: string;
  records: Read[];
  /** The engine's number of the last of them. */
  readTo?: string;
  shards: ProxyShard[];
  /** Records before this index are trimmed. */
  horizon: number;
};

export type StreamProxyOptions = {
  /** Shards a stream begins with. */
  shards?: number;
  /** Told of each request before it is answered, by its operation. A pause of it is one of the answer. */
  onRequest?: (operation: string) => void | Promise<void>;
};

const hashes = 2 ** 32;
const hashOf = (text: string) => createHash('md5').update(text).digest().readUInt32BE(0);
/** Small, so that readers have to ask again. */
const shardsPerPage = 3;

export async function startStreamProxy(endpoint: string, { shards = 4, onRequest }: StreamProxyOptions = {}) {
  const streams = new Map<string, Stream>();
  const iterators = new Map<string, { arn: string; shard: string; next: number }>();
  let opened = 0;
  let reading: Promise<unknown> = Promise.resolve();

  const engine = (operation: string, body: Body) => callStreams(endpoint, operation, body);

  async function streamOf(arn: string): Promise<Stream> {
    const known = streams.get(arn);
    if (known) return known;
    const { StreamDescription } = (await engine('DescribeStream', { StreamArn: arn })) as {
      StreamDescription: { Shards: { ShardId: string }[] };
    };
    const stream: Stream = {
      arn,
      source: StreamDescription.Shards[0]?.ShardId ?? '',
      records: [],
      shards: Array.from({ length: shards }, (_, index) => ({
        id: shardId(),
        from: (hashes / shards) * index,
        to: (hashes / shards) * (index + 1),
        start: 0,
      })),
      horizon: 0,
    };
    // Whoever asked at the same time was quicker.
    if (!streams.has(arn)) streams.set(arn, stream);
    return streams.get(arn) ?? stream;
  }

  /** Ids sort in the order of opening, as on AWS. */
  function shardId() {
    opened += 1;
    return `shardId-${String(opened).padStart(20, '0')}-${randomUUID().slice(0, 8)}`;
  }

  /** Reads on in the engine's shard. One at a time, or records would come twice. */
  function catchUp(stream: Stream): Promise<void> {
    const caughtUp = reading.then(() => readOn(stream));
    reading = caughtUp.catch(() => {});
    return caughtUp;
  }

  async function readOn(stream: Stream) {
    for (;;) {
      const last = stream.readTo;
      const { ShardIterator } = (await engine('GetShardIterator', {
        StreamArn: stream.arn,
        ShardId: stream.source,
        ShardIteratorType: last ? 'AFTER_SEQUENCE_NUMBER' : 'TRIM_HORIZON',
        ...(last && { SequenceNumber: last }),
      })) as { ShardIterator: string };
      const { Records } = (await engine('GetRecords', { ShardIterator, Limit: 1_000 })) as {
        Records: EngineRecord[];
      };
      for (const record of Records) {
        const { dynamodb } = record;
        stream.readTo = dynamodb.SequenceNumber;
        dynamodb.SequenceNumber += '0';
        const hash = hashOf(dynamodb.Keys.pk.S);
        stream.records.push({ hash, number: BigInt(dynamodb.SequenceNumber), record });
      }
      if (Records.length < 1_000) return;
    }
  }

  async function describe({ StreamArn, ExclusiveStartShardId }: Body) {
    const stream = await streamOf(String(StreamArn));
    const after = stream.shards.findIndex(({ id }) => id === ExclusiveStartShardId) + 1;
    const page = stream.shards.slice(after, after + shardsPerPage);
    const hasMore = after + shardsPerPage < stream.shards.length;
    return {
      StreamDescription: {
        StreamArn,
        StreamStatus: 'ENABLED',
        StreamViewType: 'NEW_AND_OLD_IMAGES',
        Shards: page.map(({ id, parent }) => ({ ShardId: id, ...(parent && { ParentShardId: parent }) })),
        ...(hasMore && { LastEvaluatedShardId: page.at(-1)?.id }),
      },
    };
  }

  async function openIterator({ StreamArn, ShardId, ShardIteratorType, SequenceNumber }: Body) {
    const stream = await streamOf(String(StreamArn));
    const shard = stream.shards.find(({ id }) => id === ShardId);
    if (!shard) throw new Refusal('ResourceNotFoundException');
    await catchUp(stream);
    let next = Math.max(shard.start, stream.horizon);
    if (ShardIteratorType === 'LATEST') next = stream.records.length;
    if (ShardIteratorType === 'AFTER_SEQUENCE_NUMBER') {
      const after = BigInt(String(SequenceNumber));
      const at = stream.records.findIndex(({ number }) => number > after);
      next = at === -1 ? stream.records.length : at;
      if (next < stream.horizon) throw new Refusal('TrimmedDataAccessException');
    }
    return { ShardIterator: iteratorTo(stream, shard, next) };
  }

  function iteratorTo(stream: Stream, shard: ProxyShard, next: number) {
    const name = randomUUID();
    iterators.set(name, { arn: stream.arn, shard: shard.id, next });
    return name;
  }

  async function getRecords({ ShardIterator, Limit = 1_000 }: Body) {
    const place = iterators.get(String(ShardIterator));
    if (!place) throw new Refusal('ExpiredIteratorException');
    const stream = await streamOf(place.arn);
    const shard = stream.shards.find(({ id }) => id === place.shard);
    if (!shard) throw new Refusal('ResourceNotFoundException');
    await catchUp(stream);
    if (place.next < stream.horizon) throw new Refusal('TrimmedDataAccessException');
    const Records: EngineRecord[] = [];
    let { next } = place;
    const end = shard.end ?? stream.records.length;
    for (; next < end && Records.length < Number(Limit); next += 1) {
      const read = stream.records[next];
      if (read && read.hash >= shard.from && read.hash < shard.to) Records.push(read.record);
    }
    const isDone = shard.end !== undefined && next >= shard.end;
    return { Records, ...(!isDone && { NextShardIterator: iteratorTo(stream, shard, next) }) };
  }

  const operations: Record<string, (body: Body) => Promise<Body>> = {
    DescribeStream: describe,
    GetShardIterator: openIterator,
    GetRecords: getRecords,
  };

  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const [service = '', operation = ''] = String(req.headers['x-amz-target']).split('.');
    await onRequest?.(operation);
    const handle = service.startsWith('DynamoDBStreams') ? operations[operation] : undefined;
    if (!handle) return forward(endpoint, req, Buffer.concat(chunks), res);
    try {
      send(res, 200, await handle(JSON.parse(Buffer.concat(chunks).toString())));
    } catch (error) {
      if (error instanceof Refusal) send(res, 400, refusalBody(error.name));
      else send(res, 500, { ...refusalBody('InternalServerError'), message: String(error) });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const only = (): Stream => {
    const [stream] = streams.values();
    if (!stream) throw new Error('no stream was described yet');
    return stream;
  };

  return {
    endpoint: `http://127.0.0.1:${port}`,
    /** Shards that are open now. */
    openShards: () =>
      only()
        .shards.filter(({ end }) => end === undefined)
        .map(({ id }) => id),
    /** Closes a shard after what was written so far, and opens its children (1: it is only rolled over). */
    async split(id: string, children: 1 | 2 = 2) {
      const stream = only();
      await catchUp(stream);
      const shard = stream.shards.find((each) => each.id === id);
      if (!shard || shard.end !== undefined) throw new Error(`${id} is no open shard`);
      shard.end = stream.records.length;
      const width = (shard.to - shard.from) / children;
      for (let child = 0; child < children; child += 1) {
        const from = shard.from + width * child;
        stream.shards.push({ id: shardId(), parent: id, from, to: from + width, start: shard.end });
      }
    },
    /** Drops what was written so far, and closed shards with it. */
    async trim() {
      const stream = only();
      await catchUp(stream);
      stream.horizon = stream.records.length;
      stream.shards = stream.shards.filter(({ end = Infinity }) => end > stream.horizon);
    },
    expireIterators: () => iterators.clear(),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Refusal extends Error {
  constructor(name: string) {
    super(name);
    this.name = name;
  }
}

const refusalBody = (name: string) => ({
  __type: `com.amazonaws.dynamodb.v20120810#${name}`,
  message: `${name}, by the stream proxy`,
});

function send(res: ServerResponse, status: number, body: Body) {
  res.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
}

async function callStreams(endpoint: string, operation: string, body: Body): Promise<Body> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDBStreams_20120810.${operation}`,
      // Engines off AWS look at its form alone.
      authorization:
        'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
      'x-amz-date': '20260101T000000Z',
    },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${operation}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Body;
}

type Incoming = { method?: string | undefined; url?: string | undefined; headers: IncomingHttpHeaders };

function forward(endpoint: string, { method, url, headers }: Incoming, body: Buffer, res: ServerResponse) {
  const { hostname: host, port } = new URL(endpoint);
  const forwarded = request({ host, port, method, path: url, headers }, (reply) => {
    res.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(res);
  });
  forwarded.on('error', () => res.destroy());
  forwarded.end(body);
}
