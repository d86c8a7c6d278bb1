import { inboxIndex } from '@parley/core/table/definition';
import { consumers } from '@parley/lambdas/consumers/all';
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Operation } from 'aws-cdk-lib/aws-dynamodb';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { ApiStack } from './api.ts';
import type { DataStack } from './data.ts';
import type { SignInStack } from './sign-in.ts';
import type { StreamStack } from './stream.ts';

export type Watched = {
  data: DataStack;
  signIn: SignInStack;
  stream: StreamStack;
  api: ApiStack;
  givenUpRule: string;
};

/** An alarm. Its name is the heading of its paragraph in docs/operations.md. */
export type Watch = {
  name: string;
  metric: cloudwatch.IMetric;
  threshold: number;
  /** Consecutive minutes. */
  minutes: number;
  comparison?: cloudwatch.ComparisonOperator;
  /** How missing data counts. */
  missing?: cloudwatch.TreatMissingData;
};

/** Operations that Parley sends to the table. An alarm may have at most ten metrics. */
const operations = [
  Operation.GET_ITEM,
  Operation.BATCH_GET_ITEM,
  Operation.QUERY,
  Operation.PUT_ITEM,
  Operation.UPDATE_ITEM,
  Operation.DELETE_ITEM,
  Operation.TRANSACT_GET_ITEMS,
  Operation.TRANSACT_WRITE_ITEMS,
  Operation.BATCH_EXECUTE_STATEMENT,
];
const minute = Duration.minutes(1);
const sum = { statistic: 'sum', period: minute };
const greatest = { statistic: 'max', period: minute };
const below = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD;
const breaching = cloudwatch.TreatMissingData.BREACHING;

/** Every alarm, most urgent first. Each means that somebody must act. */
export function watches({ data, signIn, stream, api, givenUpRule }: Watched): Watch[] {
  const { balancer, targets, service } = api;
  const errors = (fn: lambda.Function) => fn.metricErrors(sum);
  // `ThrottledRequests` and `SystemErrors` exist only per operation, so an alarm on the table's metric would never
  // fire.
  const throttles = (metricName: string, index = {}) =>
    new cloudwatch.Metric({
      namespace: 'AWS/DynamoDB',
      metricName,
      dimensionsMap: { TableName: data.messages.tableName, ...index },
      ...sum,
    });
  return [
    {
      name: 'No healthy task',
      metric: targets.metrics.healthyHostCount({ statistic: 'min', period: minute }),
      threshold: 1,
      comparison: below,
      minutes: 2,
      missing: breaching,
    },
    {
      name: 'Requests fail',
      metric: new cloudwatch.MathExpression({
        expression: 'IF(all > 100, 100 * failed / all, 0)',
        usingMetrics: {
          failed: targets.metrics.httpCodeTarget(elb.HttpCodeTarget.TARGET_5XX_COUNT, sum),
          all: targets.metrics.requestCount(sum),
        },
        period: minute,
        label: '5xx answers, percent',
      }),
      threshold: 2,
      minutes: 5,
    },
    {
      name: 'Requests are slow',
      metric: targets.metrics.targetResponseTime({ statistic: 'p95', period: minute }),
      threshold: 1,
      minutes: 10,
    },
    {
      name: 'The load balancer has no answer',
      metric: balancer.metrics.httpCodeElb(elb.HttpCodeElb.ELB_5XX_COUNT, sum),
      threshold: 20,
      minutes: 5,
    },
    ...consumers.map(({ name, lagAlarm }) => ({
      name: lagAlarm.name,
      metric: stream.functions[name].metric('IteratorAge', greatest),
      threshold: lagAlarm.thresholdMs,
      minutes: 3,
    })),
    {
      name: 'A batch was given up',
      metric: new cloudwatch.Metric({
        namespace: 'AWS/Events',
        metricName: 'MatchedEvents',
        dimensionsMap: { RuleName: givenUpRule },
        ...sum,
      }),
      threshold: 1,
      minutes: 1,
    },
    {
      name: 'Summaries differ from their logs',
      metric: new cloudwatch.Metric({
        namespace: 'Parley',
        metricName: 'DriftingConversations',
        dimensionsMap: { service: 'drift' },
        statistic: 'max',
        period: Duration.minutes(5),
      }),
      threshold: 1,
      minutes: 1,
    },
    { name: 'drift fails', metric: errors(stream.drift), threshold: 1, minutes: 1 },
    ...consumers.map(({ name, functionName }) => ({
      name: `${functionName} fails`,
      metric: errors(stream.functions[name]),
      threshold: 5,
      minutes: 5,
    })),
    {
      name: 'Sign-ups fail',
      metric: new cloudwatch.Metric({
        namespace: 'AWS/Lambda',
        metricName: 'Errors',
        dimensionsMap: { FunctionName: signIn.postConfirmation.functionName },
        ...sum,
      }),
      threshold: 3,
      minutes: 5,
    },
    {
      name: 'The table throttles',
      metric: new cloudwatch.MathExpression({
        expression: 'FILL(reads, 0) + FILL(writes, 0) + FILL(inbox, 0)',
        usingMetrics: {
          reads: throttles('ReadThrottleEvents'),
          writes: throttles('WriteThrottleEvents'),
          inbox: throttles('WriteThrottleEvents', { GlobalSecondaryIndexName: inboxIndex }),
        },
        period: minute,
        label: 'Throttled reads and writes',
      }),
      threshold: 10,
      minutes: 5,
    },
    {
      name: 'The table fails',
      metric: data.messages.metricSystemErrorsForOperations({ operations, period: minute }),
      threshold: 5,
      minutes: 5,
    },
    {
      name: 'Postgres is at its limit',
      metric: data.database.metric('ACUUtilization', { statistic: 'avg', period: minute }),
      threshold: 90,
      minutes: 10,
    },
    {
      name: 'Tasks are at their limit',
      metric: service.metricCpuUtilization({ statistic: 'avg', period: minute }),
      threshold: 90,
      minutes: 10,
    },
    {
      name: 'Tasks run out of memory',
      metric: service.metricMemoryUtilization({ statistic: 'max', period: minute }),
      threshold: 90,
      minutes: 5,
    },
    { name: 'Deliveries are missed', metric: api.metrics.missed, threshold: 10, minutes: 5 },
  ];
}
