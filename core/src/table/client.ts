import { randomUUID } from 'node:crypto';
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type Clock, createClock } from '../clock.ts';

/** The table as every function of the core takes it: where it is, and the clock its answers keep right. */
export type Table = { doc: DynamoDBDocumentClient; name: string; runnerName: string; clock: Clock };

export type TableOptions = {
  region: string;
  /** A DynamoDB API off AWS; its credentials are then placeholders. */
  endpoint?: string | undefined;
  name: string;
  runnerName: string;
};

export function createTable({ region, endpoint, name, runnerName }: TableOptions): Table {
  const clock = createClock();
  const client = new DynamoDBClient(clientConfig(region, endpoint));
  skipLogCopies(client);
  if (endpoint) skipRequestTokens(client);
  client.middlewareStack.add(
    (next) => async (args) => {
      const sentAt = Date.now();
      const result = await next(args);
      const { headers } = result.response as { headers?: Record<string, string> };
      if (headers?.date) clock.observe(Date.parse(headers.date), sentAt, Date.now());
      return result;
    },
    { step: 'deserialize', name: 'observeServerDate' },
  );
  const doc = DynamoDBDocumentClient.from(client, {
    marshallOptions: { removeUndefinedValues: true },
    // A row made by hand may hold a number that no double holds; Parley's own are all exact.
    unmarshallOptions: { wrapNumbers: Number },
  });
  return { doc, name, runnerName, clock };
}

/** A request that hangs must not hold a conversation's queue for good: it fails and is tried again. */
const requestHandler = { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true };

type ClientConfig = Pick<DynamoDBClientConfig, 'region' | 'endpoint' | 'credentials' | 'requestHandler'>;

/** Client settings shared by the table, its stream and the scripts. */
export function clientConfig(region: string, endpoint?: string): ClientConfig {
  if (!endpoint) return { region, requestHandler };
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  return { region, endpoint, credentials, requestHandler };
}

/** The SDK copies every request and answer for its logger, also where there is none: a tenth of a busy process's time. */
export function skipLogCopies({ middlewareStack }: { middlewareStack: { remove(name: string): boolean } }) {
  middlewareStack.remove('loggerMiddleware');
}

const requestToken = /,"ClientRequestToken":"[^"]*"}$/;
const requestTokenLength = ',"ClientRequestToken":""}'.length + randomUUID().length;

/**
 * The SDK gives each transaction a token, by which the engine knows a repeat for ten minutes. Parley's are safe to
 * repeat by their own conditions, and the token costs an embedded engine a sixth of its time.
 */
function skipRequestTokens(client: DynamoDBClient) {
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body?: unknown };
      if (request.body instanceof Uint8Array) {
        const { buffer, byteOffset, byteLength } = request.body;
        const body = Buffer.from(buffer, byteOffset, byteLength);
        const end = body.length - requestTokenLength;
        if (requestToken.test(body.toString('latin1', end)))
          request.body = Buffer.concat([body.subarray(0, end), Buffer.from('}')]);
      }
      return next(args);
    },
    { step: 'build', priority: 'high', name: 'skipRequestToken' },
  );
}

export function closeTable({ doc }: Table) {
  doc.destroy();
}
