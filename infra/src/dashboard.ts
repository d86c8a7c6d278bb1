import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Watch, Watched } from './alarms.ts';

const minute = { period: Duration.minutes(1) };
const sum = { statistic: 'sum', ...minute };

/** The rows of the dashboard, from the outside to the inside: requests, sockets, stream, table, Postgres. */
export function dashboardRows(
  { api, stream, data }: Omit<Watched, 'givenUpRule'>,
  watched: Watch[],
): cloudwatch.IWidget[][] {
  const graph = (title: string, left: cloudwatch.IMetric[], right: cloudwatch.IMetric[] = []) =>
    new cloudwatch.GraphWidget({ title, left, right, width: 8, height: 6 });
  const { targets, service } = api;
  const functions = Object.values(stream.functions);
  const latency = (statistic: string) => targets.metrics.targetResponseTime({ statistic, ...minute });
  const table = (metricName: string, options: { statistic: string } = sum) =>
    new cloudwatch.Metric({
      namespace: 'AWS/DynamoDB',
      metricName,
      dimensionsMap: { TableName: data.messages.tableName },
      ...minute,
      ...options,
    });
  return [
    [
      new cloudwatch.TextWidget({
        markdown: `Each alarm has its paragraph in docs/operations.md: ${watched.map(({ name }) => name).join(' · ')}`,
        width: 24,
        height: 2,
      }),
    ],
    [
      graph('Requests', [targets.metrics.requestCount(sum)]),
      graph('Seconds to an answer', [latency('p50'), latency('p95'), latency('p99')]),
      graph('Tasks: CPU and memory, percent', [
        service.metricCpuUtilization(minute),
        service.metricMemoryUtilization(minute),
      ]),
    ],
    [
      graph('Sockets', [api.metrics.sockets.with({ statistic: 'sum' })]),
      graph('Appends', [api.metrics.appends], [api.metrics.refused]),
      graph('Missed deliveries', [api.metrics.missed]),
    ],
    [
      graph(
        'Age of the stream, ms',
        functions.map((fn) => fn.metric('IteratorAge', { statistic: 'max', ...minute })),
      ),
      graph('message-stream: ms', [
        stream.functions.summaries.metricDuration({ statistic: 'p95', ...minute }),
      ]),
      graph(
        'message-stream: errors',
        functions.map((fn) => fn.metricErrors(sum)),
      ),
    ],
    [
      graph('Capacity consumed', [table('ConsumedReadCapacityUnits'), table('ConsumedWriteCapacityUnits')]),
      graph('Throttled', [table('ReadThrottleEvents'), table('WriteThrottleEvents')]),
      graph('Postgres: capacity and connections', [
        data.database.metric('ServerlessDatabaseCapacity', minute),
        data.database.metric('DatabaseConnections', minute),
      ]),
    ],
  ];
}
