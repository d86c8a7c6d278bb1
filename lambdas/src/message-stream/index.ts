import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type Config, loadConfig, tableOptions } from '@parley/config/config';
import { createTable } from '@parley/core/table/client';
import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { createPowertools } from '../aws/powertools.ts';
import { createSecret } from '../aws/secrets.ts';
import { forEachConsumer } from '../consumers/all.ts';
import { createMessageStream } from './live.ts';

// Created once for each container, and reused by its invocations. A container handles one event at a time.
const config = loadConfig(process.env);
const powertools = createPowertools('message-stream', config);
const table = createTable(tableOptions(config));
powertools.traceClient(table.doc);
const readSecrets = secretsReader(config);

let secrets = await readSecrets();
let messageStream = open();

/** The handlers, created again if the secrets have changed. */
async function current() {
  const now = await readSecrets();
  if (now !== secrets) {
    messageStream.close();
    secrets = now;
    messageStream = open();
  }
  return messageStream;
}

function open() {
  const DELIVERY_SECRETS = loadConfig({ DELIVERY_SECRETS: secrets }).DELIVERY_SECRETS;
  return createMessageStream({ ...config, DELIVERY_SECRETS }, table, powertools.lines);
}

function secretsReader({ AWS_REGION, DELIVERY_SECRETS, DELIVERY_SECRETS_ARN }: Config) {
  if (!DELIVERY_SECRETS_ARN) return async () => DELIVERY_SECRETS.join(',');
  return createSecret(new SecretsManagerClient({ region: AWS_REGION }), DELIVERY_SECRETS_ARN);
}

type Handle = (event: DynamoDBStreamEvent, context: Context) => Promise<DynamoDBBatchResponse>;

const measured = (handle: Handle) =>
  powertools.instrument(async (event: DynamoDBStreamEvent, context) => {
    const response = await handle(event, context);
    powertools.count('Records', event.Records.length);
    powertools.count('FailedRecords', response.batchItemFailures.length);
    powertools.milliseconds('RecordAge', ageMs(event));
    return response;
  });

/** The age of the batch's oldest record. */
function ageMs({ Records }: DynamoDBStreamEvent): number {
  const seconds = Records.map(
    ({ dynamodb }) => dynamodb?.ApproximateCreationDateTime ?? Number.POSITIVE_INFINITY,
  );
  const oldestMs = Math.min(...seconds) * 1_000;
  return Number.isFinite(oldestMs) ? Math.max(0, table.clock.now() - oldestMs) : 0;
}

/** The handlers by the consumers' names. Lambda calls `index.handlers.NAME`. */
export const handlers = forEachConsumer(({ name }) =>
  measured(async (...call) => (await current()).handlers[name](...call)),
);
// The functions of these two consumers were deployed with these names.
export const handler = handlers.summaries;
export const largeHandler = handlers['large-summaries'];
