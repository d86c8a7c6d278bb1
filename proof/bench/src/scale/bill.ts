/** US dollars in us-east-1, on demand, as AWS lists them since November 2024. */
export const prices = {
  millionWriteUnits: 0.625,
  millionReadUnits: 0.125,
  gigabyteMonth: 0.25,
  millionLambdaRequests: 0.2,
  lambdaGigabyteSecond: 0.0000166667,
  /** Fargate on arm64. */
  cpuHour: 0.03238,
  gigabyteHour: 0.00356,
  balancerHour: 0.0225,
  natGatewayHour: 0.045,
  /** An interface endpoint in one zone. */
  endpointHour: 0.01,
  publicAddressHour: 0.005,
  auroraUnitHour: 0.12,
  keyMonth: 1,
  secretMonth: 0.4,
  /** Each metric that an alarm watches. */
  alarmMonth: 0.1,
  metricMonth: 0.3,
  /** AWS WAF. Each million inspected requests costs another 0.60. */
  firewallMonth: 5,
  firewallRuleMonth: 1,
};

export const dollars = ({ write = 0, read = 0 }: { write?: number; read?: number }) =>
  (write * prices.millionWriteUnits + read * prices.millionReadUnits) / 1e6;

const daySeconds = 86_400;
const monthDays = 30;
const monthHours = 730;
/** The mean time and the memory of a Lambda batch. */
export const batchSeconds = 0.05;
const lambdaGigabytes = 0.5;
export const entryBytes = 500;
/** The share of members who receive a message live. */
export const connectedMembers = 0.2;
/** Messages of a large group that share a rewrite of their summaries. Elsewhere each message has its own. */
export const messagesPerWindow = 3;

/** The write units of one message in a conversation with `members` members. */
export function messageWrites(members: number, rewrite: number): number {
  const isLarge = members > 50;
  return 1 + (members * rewrite) / (isLarge ? messagesPerWindow : 1) + (isLarge ? 2 : 0);
}

/** The read units of routing a message: each member of a small conversation, and the rows of connected members. */
export const pushReads = (members: number) => (members > 50 ? 1 : members * (1 + connectedMembers));

export const lambdaDollars = (batches: number) =>
  (batches / 1e6) * prices.millionLambdaRequests +
  batches * batchSeconds * lambdaGigabytes * prices.lambdaGigabyteSecond;

/**
 * Resources of a deployment with infra/settings.example.json. infra/src/stacks.test.ts counts them in the templates.
 */
export const deployed = {
  tasks: 2,
  cpus: 1,
  gigabytes: 2,
  natGateways: 1,
  /** Zones with an interface endpoint. */
  endpointZones: 2,
  /** Addresses of the load balancer, one in each zone, and of each NAT gateway. */
  publicAddresses: 3,
  auroraUnits: 0.5,
  keys: 2,
  /** Including the secret of Postgres's owner, which RDS makes. */
  secrets: 4,
  /** At the edge. Requests cost extra. */
  firewalls: 1,
  firewallRules: 2,
  alarmMetrics: 29,
  ownMetrics: 5,
};
/** Alarms of autoscaling and metrics of Container Insights. AWS decides their numbers. */
const assumed = { autoscalingAlarms: 4, insightMetrics: 30 };

/** The bill of a month without messages: dollars by item, the most expensive first. */
export function idleMonth(heartbeatWrites: number): [item: string, dollars: number][] {
  const { tasks, cpus, gigabytes, alarmMetrics, ownMetrics } = deployed;
  const heartbeats = (tasks * heartbeatWrites * daySeconds * monthDays) / 10;
  const items: [string, number][] = [
    [
      'two tasks of Fargate, 1 vCPU and 2 GiB each',
      monthHours * tasks * (cpus * prices.cpuHour + gigabytes * prices.gigabyteHour),
    ],
    ['Aurora at half a unit', monthHours * deployed.auroraUnits * prices.auroraUnitHour],
    ['NAT gateway', monthHours * deployed.natGateways * prices.natGatewayHour],
    ['load balancer', monthHours * prices.balancerHour],
    ['interface endpoint in two zones', monthHours * deployed.endpointZones * prices.endpointHour],
    [
      'CloudWatch: alarms and metrics',
      (alarmMetrics + assumed.autoscalingAlarms) * prices.alarmMonth +
        (ownMetrics + assumed.insightMetrics) * prices.metricMonth,
    ],
    ['public addresses', monthHours * deployed.publicAddresses * prices.publicAddressHour],
    ['keys of KMS and secrets', deployed.keys * prices.keyMonth + deployed.secrets * prices.secretMonth],
    [
      'firewall with two rules',
      deployed.firewalls * prices.firewallMonth + deployed.firewallRules * prices.firewallRuleMonth,
    ],
    ['heartbeats of the tasks in the table', dollars({ write: heartbeats })],
  ];
  return items.sort(([, one], [, other]) => other - one);
}

/** What a million messages add to the bill, by item, in conversations with `members` members. */
export function millionMessages(members: number, rewrite: number): [item: string, dollars: number][] {
  return [
    ['write units: the log and the summaries', dollars({ write: 1e6 * messageWrites(members, rewrite) })],
    ['read units: who is where', dollars({ read: 1e6 * pushReads(members) })],
    ['Lambda, where each comes alone', lambdaDollars(1e6)],
    ['their room in the table, a month', ((1e6 * entryBytes) / 2 ** 30) * prices.gigabyteMonth],
  ];
}
