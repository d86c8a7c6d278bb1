import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { Bundle } from './bundles.ts';
import type { DataStack } from './data.ts';
import { acceptWildcard, bundledFunction } from './functions.ts';
import type { NetworkStack } from './network.ts';
import type { Settings } from './settings.ts';

type Parts = { network: NetworkStack; data: DataStack; bundle: Bundle; drift: Bundle };
type Mapping = { id: string; fn: lambda.Function; pattern: object; batchSize: number; window?: Duration };

/** New entries and their corrections; what leaves the table, and everything that is no entry, wakes nobody. */
const entries = {
  eventName: ['INSERT', 'MODIFY'],
  dynamodb: {
    Keys: {
      pk: { S: [{ prefix: 'MSG#' }] },
      sk: { S: Array.from({ length: 10 }, (_, digit) => ({ prefix: String(digit) })) },
    },
  },
};
const largeEntries = {
  ...entries,
  dynamodb: { ...entries.dynamodb, NewImage: { large: { BOOL: [true] } } },
};

/** The functions of the stream, each with its event source: the two readers that a shard allows. */
export class StreamStack extends Stack {
  readonly summaries: lambda.Function;
  readonly largeSummaries: lambda.Function;
  readonly drift: lambda.Function;

  constructor(scope: Construct, id: string, props: StackProps, settings: Settings, parts: Parts) {
    super(scope, id, props);
    const { name } = settings;
    this.summaries = this.fn('MessageStream', `${name}-message-stream`, 'handler', settings, parts);
    this.largeSummaries = this.fn(
      'MessageStreamLarge',
      `${name}-message-stream-large`,
      'largeHandler',
      settings,
      parts,
    );
    this.drift = this.watchDrift(settings, parts);
    this.map(parts.data, { id: 'Entries', fn: this.summaries, pattern: entries, batchSize: 1_000 });
    this.map(parts.data, {
      id: 'LargeEntries',
      fn: this.largeSummaries,
      pattern: largeEntries,
      batchSize: 10_000,
      // With the time of the pass itself within the five seconds that summaries of large conversations may trail.
      window: Duration.seconds(3),
    });
  }

  /** Recounts a few random conversations every five minutes: what no other alarm would see. */
  private watchDrift({ name, logLevel }: Settings, { network, data, drift: bundle }: Parts) {
    const fn = bundledFunction(this, 'Drift', {
      name: `${name}-drift`,
      bundle,
      network,
      group: network.groups.stream,
      timeout: Duration.minutes(4),
      memoryMiB: 512,
      logLevel,
      environment: { DDB_MESSAGE_TABLE: data.messages.tableName, DDB_RUNNER_TABLE: data.runner.tableName },
    });
    data.grantMessages(fn, { actions: ['GetItem', 'BatchGetItem', 'Query', 'Scan'], indexActions: [] });
    new events.Rule(this, 'DriftSchedule', {
      schedule: events.Schedule.rate(Duration.minutes(5)),
      targets: [new LambdaFunction(fn, { retryAttempts: 0 })],
    });
    return fn;
  }

  private fn(
    id: string,
    name: string,
    handler: string,
    { logLevel }: Settings,
    { network, data, bundle }: Parts,
  ) {
    const fn = bundledFunction(this, id, {
      name,
      bundle,
      handler,
      network,
      group: network.groups.stream,
      timeout: Duration.seconds(60),
      memoryMiB: 1_024,
      logLevel,
      environment: {
        DDB_MESSAGE_TABLE: data.messages.tableName,
        DDB_RUNNER_TABLE: data.runner.tableName,
        DELIVERY_SECRETS_ARN: data.deliverySecrets.secretArn,
      },
    });
    data.grantMessages(fn, {
      actions: ['GetItem', 'BatchGetItem', 'Query', 'UpdateItem', 'PartiQLUpdate'],
      indexActions: [],
    });
    data.grantSecret(fn, data.deliverySecrets);
    this.grantStream(fn, data);
    return fn;
  }

  private grantStream(fn: lambda.Function, { messages, givenUp, givenUpName, key }: DataStack) {
    const allow = (actions: string[], resources: string[]) =>
      fn.addToRolePolicy(new iam.PolicyStatement({ actions, resources }));
    allow(
      ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
      [messages.tableStreamArn ?? ''],
    );
    // It takes no resource, and Lambda refuses an event source whose role may not call it.
    allow(['dynamodb:ListStreams'], ['*']);
    // By its name: cdk-nag tells what is exported by another stack by a name that changes.
    const objects = `arn:${this.partition}:s3:::${givenUpName}/*`;
    allow(['s3:PutObject'], [objects]);
    allow(['s3:ListBucket'], [givenUp.bucketArn]);
    allow(['kms:GenerateDataKey', 'kms:Decrypt'], [key.keyArn]);
    const shown = objects.replace(this.partition, '<AWS::Partition>');
    if (fn.role) acceptWildcard(fn.role, shown, 'Lambda names the objects of the batches that it gives up.');
  }

  /** Stops at the first failure of a batch, halves it down to the record at fault, and gives that up in the end. */
  private map({ messages, givenUp }: DataStack, { id, fn, pattern, batchSize, window }: Mapping) {
    const mapping = new lambda.EventSourceMapping(this, id, {
      target: fn,
      eventSourceArn: messages.tableStreamArn ?? '',
      startingPosition: lambda.StartingPosition.TRIM_HORIZON,
      batchSize,
      ...(window && { maxBatchingWindow: window }),
      filters: [lambda.FilterCriteria.filter(pattern as Record<string, never>)],
      // Entries of one conversation must not overtake each other.
      parallelizationFactor: 1,
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      // A table that is away comes back; a record that fails for six hours does not get better.
      retryAttempts: 50,
      maxRecordAge: Duration.hours(6),
      // S3 gets the whole batch, where a queue would get its position in the stream alone.
      onFailure: { bind: () => ({ destination: givenUp.bucketArn }) },
      supportS3OnFailureDestination: true,
      metricsConfig: { metrics: [lambda.MetricType.EVENT_COUNT] },
    });
    if (fn.role) mapping.node.addDependency(fn.role);
  }
}
