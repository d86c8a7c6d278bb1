import { Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { accept } from './acknowledge.ts';
import { ports } from './names.ts';
import type { Settings } from './settings.ts';

/**
 * Three kinds of subnets: `public` for the load balancer, `tasks` with NAT to the internet (for Cognito), and `inner`
 * without internet, for Lambdas and Postgres. Endpoints inside the network lead to the table and the secrets.
 */
export class NetworkStack extends Stack {
  readonly vpc: ec2.Vpc;
  readonly groups: ReturnType<typeof securityGroups>;

  constructor(scope: Construct, id: string, props: StackProps, settings: Settings) {
    super(scope, id, props);
    const { name, availabilityZones, natGateways } = settings;
    this.vpc = new ec2.Vpc(this, 'Vpc', {
      availabilityZones,
      natGateways,
      subnetConfiguration: [
        { name: 'public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
        { name: 'tasks', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 20 },
        { name: 'inner', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 20 },
      ],
      flowLogs: {
        rejected: {
          trafficType: ec2.FlowLogTrafficType.REJECT,
          destination: ec2.FlowLogDestination.toCloudWatchLogs(
            new logs.LogGroup(this, 'FlowLogs', { retention: logs.RetentionDays.ONE_MONTH }),
          ),
        },
      },
    });
    this.groups = securityGroups(this, this.vpc);
    this.endpoints(name);
  }

  private endpoints(name: string) {
    const table = this.vpc.addGatewayEndpoint('Table', {
      service: ec2.GatewayVpcEndpointAwsService.DYNAMODB,
    });
    // Nothing in the network can send data to another account's table.
    const arn = (resource: string) =>
      this.formatArn({ service: 'dynamodb', resource: 'table', resourceName: resource });
    table.addToPolicy(
      new iam.PolicyStatement({
        principals: [new iam.AnyPrincipal()],
        actions: ['dynamodb:*'],
        resources: [arn(`${name}-*`)],
      }),
    );
    // The tasks load the layers of their image from S3.
    this.vpc.addGatewayEndpoint('Objects', { service: ec2.GatewayVpcEndpointAwsService.S3 });
    this.vpc.addInterfaceEndpoint('Secrets', {
      service: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
      subnets: { subnetGroupName: 'inner' },
      securityGroups: [this.groups.endpoints],
      open: false,
    });
  }
}

/** The allowed connections between the parts. All others are refused. */
function securityGroups(stack: Stack, vpc: ec2.Vpc) {
  const group = (id: string, description: string) =>
    new ec2.SecurityGroup(stack, id, { vpc, description, allowAllOutbound: false });
  const groups = {
    balancer: group('Balancer', 'Load balancer: HTTPS from anywhere, the API behind it'),
    api: group('Api', 'Tasks of the API'),
    stream: group('Stream', 'Lambda of the stream: the table, the secrets, the delivery port of the tasks'),
    people: group('People', 'Lambdas that write people: Postgres, the secrets'),
    database: group('Database', 'Postgres'),
    endpoints: group('Endpoints', 'Secrets Manager, from inside'),
  };
  const { balancer, api, stream, people, database, endpoints } = groups;
  const allow = (from: ec2.SecurityGroup, to: ec2.SecurityGroup, port: number, why: string) => {
    from.addEgressRule(to, ec2.Port.tcp(port), why);
    to.addIngressRule(from, ec2.Port.tcp(port), why);
  };
  balancer.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'Clients');
  accept(balancer, 'AwsSolutions-EC23', 'The API is public; everything else is behind this group.');
  allow(balancer, api, ports.api, 'Requests and sockets');
  allow(stream, api, ports.delivery, 'Deliveries of the stream, signed');
  allow(api, api, ports.delivery, 'Deliveries between nodes, signed');
  allow(api, database, ports.postgres, 'People');
  allow(people, database, ports.postgres, 'Sign-ups and migrations');
  for (const from of [api, stream, people]) endpoints.addIngressRule(from, ec2.Port.tcp(443), 'Secrets');
  // To the endpoints, and from the tasks to Cognito. Inner subnets have no route to the internet.
  for (const from of [api, stream, people])
    from.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'AWS over TLS');
  return groups;
}
