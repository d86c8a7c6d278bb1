import { behaviour, daySeconds, lambdaDollars, messageWrites, monthDays, pushReads } from './capacity.ts';
import { dollars, prices } from './prices.ts';

/** Resources of a deployment with infra/settings.example.json. infra/src/stacks.test.ts counts them in the templates. */
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
const monthHours = 730;

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
    ['their room in the table, a month', ((1e6 * behaviour.entryBytes) / 2 ** 30) * prices.gigabyteMonth],
  ];
}
