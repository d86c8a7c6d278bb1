import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Refusal, refusalBody } from './stream-refusal.ts';
import {
  type ProxyShard,
  positionOf,
  recordsFrom,
  type Stream,
  shardOf,
  splitShard,
  trimStream,
} from './stream-shards.ts';
import { type Body, createStreamSource } from './stream-source.ts';

/*
 * A proxy for a DynamoDB API whose stream has one shard. It simulates a stream of several shards, as on AWS.
 *
 * The proxy reads the engine's records once, in order, into memory. A shard is a range of hashes of the partition key
 * and a range of that list, so a record is in exactly one shard, and the records of a partition key follow each other
 * through a line of shards. Closing a shard ends its range where the list ends, and its children begin there.
 */

export type StreamProxyOptions = {
  /** The number of shards at the start. */
  shards?: number;
  /** Called before each request is answered, with its operation. The answer waits for it. */
  onRequest?: (operation: string) => void | Promise<void>;
};

/** Small, so that readers need several requests. */
const shardsPerPage = 3;

export async function startStreamProxy(endpoint: string, { shards = 4, onRequest }: StreamProxyOptions = {}) {
  const source = createStreamSource(endpoint, shards);
  const { operations, expireIterators } = createOperations(source);
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

  return {
    endpoint: `http://127.0.0.1:${port}`,
    openShards: () =>
      source
        .first()
        .shards.filter(({ end }) => end === undefined)
        .map(({ id }) => id),
    /** Closes a shard after the writes so far, and opens its children. One child means a rollover. */
    async split(id: string, children: 1 | 2 = 2) {
      splitShard(await source.only(), id, children);
    },
    /** Drops the writes so far, and the shards closed before them. */
    async trim() {
      trimStream(await source.only());
    },
    expireIterators,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Source = ReturnType<typeof createStreamSource>;

/** The calls of DynamoDB Streams for the simulated shards. */
function createOperations({ streamOf, catchUp }: Source) {
  const iterators = new Map<string, { arn: string; shard: string; next: number }>();

  function iteratorTo(stream: Stream, shard: ProxyShard, next: number) {
    const name = randomUUID();
    iterators.set(name, { arn: stream.arn, shard: shard.id, next });
    return name;
  }

  const operations: Record<string, (body: Body) => Promise<Body>> = {
    async DescribeStream({ StreamArn, ExclusiveStartShardId }) {
      return describe(await streamOf(String(StreamArn)), ExclusiveStartShardId);
    },
    async GetShardIterator({ StreamArn, ShardId, ShardIteratorType, SequenceNumber }) {
      const stream = await streamOf(String(StreamArn));
      const shard = shardOf(stream, ShardId);
      await catchUp(stream);
      const next = positionOf(stream, shard, ShardIteratorType, SequenceNumber);
      return { ShardIterator: iteratorTo(stream, shard, next) };
    },
    async GetRecords({ ShardIterator, Limit = 1_000 }) {
      const iterator = iterators.get(String(ShardIterator));
      if (!iterator) throw new Refusal('ExpiredIteratorException');
      const stream = await streamOf(iterator.arn);
      const shard = shardOf(stream, iterator.shard);
      await catchUp(stream);
      const { records, next } = recordsFrom(stream, shard, iterator.next, Number(Limit));
      return {
        Records: records,
        ...(next !== undefined && { NextShardIterator: iteratorTo(stream, shard, next) }),
      };
    },
  };
  return { operations, expireIterators: () => iterators.clear() };
}

function describe(stream: Stream, afterId: unknown) {
  const after = stream.shards.findIndex(({ id }) => id === afterId) + 1;
  const page = stream.shards.slice(after, after + shardsPerPage);
  const hasMore = after + shardsPerPage < stream.shards.length;
  return {
    StreamDescription: {
      StreamArn: stream.arn,
      StreamStatus: 'ENABLED',
      StreamViewType: 'NEW_AND_OLD_IMAGES',
      Shards: page.map(({ id, parent }) => ({ ShardId: id, ...(parent && { ParentShardId: parent }) })),
      ...(hasMore && { LastEvaluatedShardId: page.at(-1)?.id }),
    },
  };
}

function send(res: ServerResponse, status: number, body: Body) {
  res.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
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
