import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import type { IHttpRequest as HttpRequest } from '@smithy/core/protocols';
import { type Clock, createClock } from './clock.ts';
import { createDocumentClient, type DocumentClient } from './document-client.ts';

/** The table as every function of the core takes it: where it is, and the clock its answers keep right. */
export type Table = { doc: DocumentClient; name: string; runnerName: string; clock: Clock };

export type TableOptions = {
  region: string;
  /** A DynamoDB API off AWS; its credentials are then placeholders. */
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

/** Middleware that no engine off AWS reads: why it is left out is in docs/decisions/0017-a-lean-client.md. */
const onlyForAws = [
  'getUserAgentMiddleware',
  'recursionDetectionMiddleware',
  'hostHeaderMiddleware',
  'contentLengthMiddleware',
];

/** A header of the right form in place of a signature: it tells the region, and nobody off AWS verifies more. */
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
