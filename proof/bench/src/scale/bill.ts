import { behaviour, daySeconds, lambdaDollars, messageWrites, monthDays, pushReads } from './capacity.ts';
import { dollars, prices } from './prices.ts';

/** What runs while nobody talks, with infra/settings.example.json: infra/src/stacks.test.ts counts it in the templates. */
export const deployed = {
  tasks: 2,
  cpus: 1,
  gigabytes: 2,
  natGateways: 1,
  /** Zones in which the interface endpoint is. */
  endpointZones: 2,
  /** Of the load balancer in each zone, and of each NAT gateway. */
  publicAddresses: 3,
  auroraUnits: 0.5,
  keys: 2,
  /** The owner's of Postgres too, which RDS makes. */
  secrets: 4,
  /** At the edge; each million of requests costs beside that. */
  firewalls: 1,
  firewallRules: 2,
  alarmMetrics: 29,
  ownMetrics: 5,
};
/** Alarms that autoscaling makes for itself, and metrics of Container Insights: AWS decides how many. */
const assumed = { autoscalingAlarms: 4, insightMetrics: 30 };
const monthHours = 730;

/** The bill of a month in which nobody talks: dollars by item, dearest first. */
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

/** What a million messages add, in conversations of so many members, by item. */
export function millionMessages(members: number, rewrite: number): [item: string, dollars: number][] {
  return [
    ['write units: the log and the summaries', dollars({ write: 1e6 * messageWrites(members, rewrite) })],
    ['read units: who is where', dollars({ read: 1e6 * pushReads(members) })],
    ['Lambda, where each comes alone', lambdaDollars(1e6)],
    ['their room in the table, a month', ((1e6 * behaviour.entryBytes) / 2 ** 30) * prices.gigabyteMonth],
  ];
}
