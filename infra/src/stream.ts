import type { ConsumerName } from '@parley/core/dead-letters/dead-letters';
import { consumers, forEachConsumer } from '@parley/lambdas/consumers/all';
import type { Consumer } from '@parley/lambdas/consumers/consumer';
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

/** A function for each consumer of the stream, with its event source mapping. A shard allows two readers. */
export class StreamStack extends Stack {
  readonly functions: Record<ConsumerName, lambda.Function>;
  readonly drift: lambda.Function;

  constructor(scope: Construct, id: string, props: StackProps, settings: Settings, parts: Parts) {
    super(scope, id, props);
    this.functions = forEachConsumer((consumer) => this.fn(consumer, settings, parts));
    this.drift = this.watchDrift(settings, parts);
    for (const consumer of consumers) this.map(parts.data, consumer, this.functions[consumer.name]);
  }

  /** Recounts a few random conversations every five minutes, to find faults that no other alarm shows. */
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
    { functionName, handler, timeoutMs }: Consumer,
    { name, logLevel }: Settings,
    { network, data, bundle }: Parts,
  ) {
    const fn = bundledFunction(this, constructId(functionName), {
      name: `${name}-${functionName}`,
      bundle,
      handler,
      network,
      group: network.groups.stream,
      timeout: Duration.millis(timeoutMs),
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
    // This action accepts no resource, and Lambda refuses an event source whose role may not call it.
    allow(['dynamodb:ListStreams'], ['*']);
    // By name, because cdk-nag names a value exported by another stack differently each time.
    const objects = `arn:${this.partition}:s3:::${givenUpName}/*`;
    allow(['s3:PutObject'], [objects]);
    allow(['s3:ListBucket'], [givenUp.bucketArn]);
    allow(['kms:GenerateDataKey', 'kms:Decrypt'], [key.keyArn]);
    const shown = objects.replace(this.partition, '<AWS::Partition>');
    if (fn.role)
      acceptWildcard(fn.role, shown, 'Lambda chooses the names of the objects of given-up batches.');
  }

  /** Stops at the first failure of a batch, bisects the batch to the failing record, and finally gives that up. */
  private map({ messages, givenUp }: DataStack, consumer: Consumer, fn: lambda.Function) {
    const { wants, batchSize, windowMs, onAws } = consumer;
    const windowSeconds = Math.floor(windowMs / 1_000);
    const mapping = new lambda.EventSourceMapping(this, consumer.mappingId, {
      target: fn,
      eventSourceArn: messages.tableStreamArn ?? '',
      startingPosition: lambda.StartingPosition.TRIM_HORIZON,
      batchSize,
      ...(windowSeconds > 0 && { maxBatchingWindow: Duration.seconds(windowSeconds) }),
      filters: [lambda.FilterCriteria.filter(wants.pattern)],
      // Entries of one conversation must not overtake each other.
      parallelizationFactor: 1,
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      retryAttempts: onAws.maxAttempts - 1,
      maxRecordAge: Duration.millis(onAws.maxAgeMs),
      // S3 gets the whole batch. A queue would get only its position in the stream.
      onFailure: { bind: () => ({ destination: givenUp.bucketArn }) },
      supportS3OnFailureDestination: true,
      metricsConfig: { metrics: [lambda.MetricType.EVENT_COUNT] },
    });
    if (fn.role) mapping.node.addDependency(fn.role);
  }
}

/** Turns `message-stream-large` into MessageStreamLarge. */
const constructId = (name: string) =>
  name
    .split('-')
    .map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join('');
