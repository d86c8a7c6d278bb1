import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What DynamoDB takes in a second for one key range. */
export type PartitionLimits = { writeUnits: number; readUnits: number };
export const dynamoLimits: PartitionLimits = { writeUnits: 1_000, readUnits: 3_000 };

type Value = { S?: string };
type Item = Record<string, Value>;
type Body = {
  Key?: Item;
  Item?: Item;
  ExpressionAttributeValues?: Item;
  IndexName?: string;
  Statements?: { Statement: string; Parameters: Value[] }[];
  TransactItems?: Record<string, { Key?: Item; Item?: Item }>[];
  RequestItems?: Record<string, { Keys?: Item[] }>;
};

/** Units of a request by key range; approximate where only the answer would tell: a page counts as two. */
type Cost = { range: string; kind: 'read' | 'write'; units: number };

/**
 * Stands in front of a DynamoDB API and throttles as a table does whose every partition key has split off: each key
 * takes so many units a second, with what it did not use of the last second. Statements of a batch are throttled one
 * by one, anything else as a whole. `moves`: what an item costs whose row of the index moves.
 */
export async function startPartitionProxy(endpoint: string, limits: PartitionLimits) {
  const target = new URL(endpoint);
  const buckets = new Map<string, { left: number; atMs: number }>();
  let throttled = 0;

  function take({ range, kind, units }: Cost): boolean {
    const rate = kind === 'write' ? limits.writeUnits : limits.readUnits;
    const nowMs = performance.now();
    const key = `${kind} ${range}`;
    const bucket = buckets.get(key) ?? { left: rate, atMs: nowMs };
    bucket.left = Math.min(rate, bucket.left + ((nowMs - bucket.atMs) * rate) / 1_000);
    bucket.atMs = nowMs;
    buckets.set(key, bucket);
    if (bucket.left < units) {
      throttled += 1;
      return false;
    }
    bucket.left -= units;
    return true;
  }

  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const operation = String(req.headers['x-amz-target']).split('.').at(-1) ?? '';
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Body;
    const forward = (value: unknown, change: (answer: Buffer) => Buffer = (answer) => answer) => {
      const sent = Buffer.from(JSON.stringify(value));
      const headers = { ...req.headers, 'content-length': sent.length };
      const options = {
        host: target.hostname,
        port: target.port,
        method: req.method,
        path: req.url,
        headers,
      };
      request(options, (reply) => {
        const parts: Buffer[] = [];
        reply.on('data', (part: Buffer) => parts.push(part));
        reply.on('end', () => {
          const answer = change(Buffer.concat(parts));
          const { 'content-length': _, 'x-amz-crc32': __, ...kept } = reply.headers;
          res.writeHead(reply.statusCode ?? 502, kept).end(answer);
        });
      })
        .on('error', () => res.destroy())
        .end(sent);
    };
    if (operation === 'BatchExecuteStatement' && body.Statements) {
      const taken = body.Statements.map((statement) => take(costOfStatement(statement)));
      const Statements = body.Statements.filter((_, index) => taken[index]);
      if (Statements.length === 0) return answerJson(res, 200, { Responses: taken.map(() => refusal) });
      return forward({ ...body, Statements }, (answer) => spread(answer, taken));
    }
    if (costsOf(operation, body).every(take)) return forward(body);
    const name =
      operation === 'TransactWriteItems'
        ? 'TransactionCanceledException'
        : 'ProvisionedThroughputExceededException';
    const reasons = body.TransactItems?.map(() => ({ Code: 'ThrottlingError' }));
    answerJson(res, 400, {
      __type: `com.amazonaws.dynamodb.v20120810#${name}`,
      message: 'the key range is out of units',
      ...(reasons && { CancellationReasons: reasons }),
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Throttled requests and statements since the last call. */
    throttled() {
      const count = throttled;
      throttled = 0;
      return count;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const refusal = {
  Error: { Code: 'ProvisionedThroughputExceeded', Message: 'the key range is out of units' },
};

function answerJson(res: ServerResponse, status: number, body: unknown) {
  res.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
}

/** The answers of the statements that were let through, each in its place. */
function spread(answer: Buffer, taken: boolean[]): Buffer {
  const parsed = JSON.parse(answer.toString()) as { Responses?: unknown[] };
  if (!parsed.Responses) return answer;
  const responses = [...parsed.Responses];
  return Buffer.from(
    JSON.stringify({ ...parsed, Responses: taken.map((isTaken) => (isTaken ? responses.shift() : refusal)) }),
  );
}

const pkOf = (item: Item | undefined) => item?.pk?.S ?? '';
const movesInIndex = 2;

function costOfStatement({ Statement, Parameters }: { Statement: string; Parameters: Value[] }): Cost {
  if (Statement.startsWith('INSERT')) {
    const names = [...Statement.matchAll(/'(\w+)':\?/g)].map(([, name]) => name);
    return { range: Parameters[names.indexOf('pk')]?.S ?? '', kind: 'write', units: 1 };
  }
  const before = Statement.slice(0, Statement.indexOf('pk=?'));
  const units = Statement.includes('last_message_at') ? 1 + movesInIndex : 2;
  return { range: Parameters[before.split('?').length - 1]?.S ?? '', kind: 'write', units };
}

function costsOf(operation: string, body: Body): Cost[] {
  if (body.TransactItems)
    return body.TransactItems.flatMap((item) =>
      Object.values(item).map(({ Key, Item }) => ({ range: pkOf(Key ?? Item), kind: 'write', units: 2 })),
    );
  if (operation === 'Query')
    return [{ range: body.ExpressionAttributeValues?.[':pk']?.S ?? '', kind: 'read', units: 2 }];
  if (operation === 'BatchGetItem')
    return Object.values(body.RequestItems ?? {}).flatMap(({ Keys = [] }) =>
      Keys.map((key) => ({ range: pkOf(key), kind: 'read', units: 1 })),
    );
  if (operation === 'GetItem') return [{ range: pkOf(body.Key), kind: 'read', units: 1 }];
  if (operation === 'PutItem') return [{ range: pkOf(body.Item), kind: 'write', units: 1 }];
  if (operation === 'UpdateItem') return [{ range: pkOf(body.Key), kind: 'write', units: 2 }];
  return [];
}
