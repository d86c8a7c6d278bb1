import { ArnFormat, type Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { IConstruct } from 'constructs';
import { accept } from './acknowledge.ts';
import type { Bundle } from './bundles.ts';
import type { NetworkStack } from './network.ts';
import type { Settings } from './settings.ts';

export type FunctionOptions = {
  name: string;
  bundle: Bundle;
  handler?: string;
  network: NetworkStack;
  group: ec2.SecurityGroup;
  timeout: Duration;
  memoryMiB: number;
  logLevel: Settings['logLevel'];
  environment: Record<string, string>;
};

/** A Lambda in the inner subnets, with a role of its own that lists its actions. */
export function bundledFunction(stack: Stack, id: string, options: FunctionOptions): lambda.Function {
  const { name, bundle, handler = 'handler', network, group, timeout, memoryMiB } = options;
  const logGroup = new logs.LogGroup(stack, `${id}Logs`, {
    logGroupName: `/aws/lambda/${name}`,
    retention: logs.RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = functionRole(stack, `${id}Role`, name, logGroup);
  const fn = new lambda.Function(stack, id, {
    functionName: name,
    // The hash of the code, so that another checkout of the same code deploys nothing.
    code: lambda.Code.fromAsset(bundle.dir, { assetHash: bundle.sha256 }),
    handler: `index.${handler}`,
    runtime: lambda.Runtime.NODEJS_22_X,
    architecture: lambda.Architecture.ARM_64,
    role,
    logGroup,
    vpc: network.vpc,
    vpcSubnets: { subnetGroupName: 'inner' },
    securityGroups: [group],
    timeout,
    memorySize: memoryMiB,
    tracing: lambda.Tracing.ACTIVE,
    environment: {
      NODE_OPTIONS: '--enable-source-maps',
      LOG_LEVEL: options.logLevel,
      ...options.environment,
    },
  });
  fn.node.addDependency(role);
  accept(fn, 'AwsSolutions-L1', 'Node.js 22 is the version the bundles are built and tested for.');
  return fn;
}

function functionRole(stack: Stack, id: string, functionName: string, logGroup: logs.LogGroup) {
  const role = new iam.Role(stack, id, { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  role.addToPolicy(
    new iam.PolicyStatement({
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    }),
  );
  // Actions that accept no resource. Lambda creates the interfaces. The function's own code may not.
  const network = [
    'ec2:CreateNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:DeleteNetworkInterface',
    'ec2:AssignPrivateIpAddresses',
    'ec2:UnassignPrivateIpAddresses',
  ];
  const traces = ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'];
  role.addToPolicy(new iam.PolicyStatement({ actions: [...network, ...traces], resources: ['*'] }));
  const own = stack.formatArn({
    service: 'lambda',
    resource: 'function',
    resourceName: functionName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  role.addToPolicy(
    new iam.PolicyStatement({
      effect: iam.Effect.DENY,
      actions: network,
      resources: ['*'],
      conditions: { ArnEquals: { 'lambda:SourceFunctionArn': own } },
    }),
  );
  acceptWildcard(role, '*', 'These actions accept no resource: network interfaces of Lambda, and X-Ray.');
  return role;
}

/** Accepts a wildcard of an IAM policy, with its reason. */
export const acceptWildcard = (construct: IConstruct, resource: string, reason: string) =>
  accept(construct, `AwsSolutions-IAM5[Resource::${resource}]`, reason);
