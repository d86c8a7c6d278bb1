import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import type { IHttpRequest as HttpRequest } from '@smithy/core/protocols';
import { type Clock, createClock } from './clock.ts';
import { createDocumentClient, type DocumentClient } from './document-client.ts';

/** Access to both tables: the client, their names, and a clock that follows the `Date` of the answers. */
export type Table = { doc: DocumentClient; name: string; runnerName: string; clock: Clock };

export type TableOptions = {
  region: string;
  /** The address of a DynamoDB API off AWS. Its requests carry placeholder credentials. */
  endpoint?: string | undefined;
  name: string;
  runnerName: string;
};

export function createTable({ region, endpoint, name, runnerName }: TableOptions): Table {
  const clock = createClock();
  const config = clientConfig(region, endpoint);
  const doc = createDocumentClient(endpoint ? { ...config, httpAuthSchemes: [unsigned(region)] } : config);
  skipLogCopies(doc);
  if (endpoint) for (const name of onlyForAws) doc.middlewareStack.remove(name);
  doc.middlewareStack.add(
    (next) => async (args) => {
      const sentAt = Date.now();
      const result = await next(args);
      const { headers } = result.response as { headers?: Record<string, string> };
      if (headers?.date) clock.observe(Date.parse(headers.date), sentAt, Date.now());
      return result;
    },
    { step: 'deserialize', name: 'observeServerDate' },
  );
  return { doc, name, runnerName, clock };
}

/** A request that hangs would block a conversation's queue for ever. So it fails, and is retried. */
const requestHandler = { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true };

type ClientConfig = Pick<DynamoDBClientConfig, 'region' | 'endpoint' | 'credentials' | 'requestHandler'>;

/** Client settings shared by the table, its stream and the scripts. */
export function clientConfig(region: string, endpoint?: string): ClientConfig {
  if (!endpoint) return { region, requestHandler };
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  return { region, endpoint, credentials, requestHandler };
}

/**
 * The SDK copies every request and answer for its logger, even without one. That is a tenth of a busy process's time.
 */
export function skipLogCopies({ middlewareStack }: { middlewareStack: { remove(name: string): boolean } }) {
  middlewareStack.remove('loggerMiddleware');
}

/** Middleware whose headers no engine off AWS reads (docs/decisions/0017-a-lean-client.md). */
const onlyForAws = [
  'getUserAgentMiddleware',
  'recursionDetectionMiddleware',
  'hostHeaderMiddleware',
  'contentLengthMiddleware',
];

/** Sends a constant header instead of a signature. Engines off AWS read only its form and region. */
function unsigned(region: string) {
  const authorization = `AWS4-HMAC-SHA256 Credential=local/20000101/${region}/dynamodb/aws4_request, SignedHeaders=host, Signature=none`;
  return {
    schemeId: 'aws.auth#sigv4',
    identityProvider: () => async () => ({}),
    signer: {
      sign: async (request: HttpRequest) => {
        Object.assign(request.headers, { authorization, 'x-amz-date': '20000101T000000Z' });
        return request;
      },
    },
  };
}

export function closeTable({ doc }: Table) {
  doc.destroy();
}
