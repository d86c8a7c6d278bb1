import { Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ecrAssets from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Trigger } from 'aws-cdk-lib/triggers';
import type { Construct } from 'constructs';
import { accept } from './acknowledge.ts';
import { type Bundle, root } from './bundles.ts';
import type { DataStack } from './data.ts';
import { acceptWildcard, bundledFunction } from './functions.ts';
import { edgeHeader, metricNamespace, ports } from './names.ts';
import type { NetworkStack } from './network.ts';
import type { Settings } from './settings.ts';
import type { SignInStack } from './sign-in.ts';

type Parts = { network: NetworkStack; data: DataStack; signIn: SignInStack; migrate: Bundle };

/**
 * Sockets are pinged every 30 s, so one that is silent for two minutes is dead. Tasks keep connections open for longer.
 */
export const idleTimeout = Duration.seconds(120);
const keepAliveSeconds = 130;
/** Requests and sockets get ten seconds each to end when a task is asked to stop. */
const stopTimeout = Duration.seconds(60);

/** The API: tasks on Fargate behind a load balancer. Migrations run before a deployment's first new task. */
export class ApiStack extends Stack {
  readonly balancer: elb.ApplicationLoadBalancer;
  readonly targets: elb.ApplicationTargetGroup;
  readonly service: ecs.FargateService;
  readonly logGroup: logs.LogGroup;
  readonly metrics: Record<'sockets' | 'appends' | 'refused' | 'missed', cloudwatch.Metric>;

  constructor(scope: Construct, id: string, props: StackProps, settings: Settings, parts: Parts) {
    super(scope, id, props);
    const { name } = settings;
    this.logGroup = new logs.LogGroup(this, 'Logs', {
      logGroupName: `/${name}/api`,
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.metrics = {
      sockets: this.metric('Sockets', '$.sockets', 'avg'),
      appends: this.metric('Appends', '$.appends', 'sum'),
      refused: this.metric('RefusedAppends', '$.refused_appends', 'sum'),
      missed: this.metric('MissedDeliveries', '$.missed_deliveries', 'sum'),
    };
    const task = this.task(settings, parts);
    this.service = this.fargate(settings, parts, task);
    this.migrate(settings, parts);
    this.scale(settings, this.metrics.sockets);
    this.balancer = new elb.ApplicationLoadBalancer(this, 'Balancer', {
      loadBalancerName: name,
      vpc: parts.network.vpc,
      internetFacing: true,
      vpcSubnets: { subnetGroupName: 'public' },
      securityGroup: parts.network.groups.balancer,
      idleTimeout,
      dropInvalidHeaderFields: true,
    });
    this.balancer.logAccessLogs(parts.data.accessLogs, 'balancer');
    this.targets = this.listen(settings, parts);
  }

  private task({ name, tasks, domain, logLevel, otlpEndpoint }: Settings, { data, signIn }: Parts) {
    const task = new ecs.FargateTaskDefinition(this, 'Task', {
      family: `${name}-api`,
      cpu: tasks.cpu,
      memoryLimitMiB: tasks.memoryMiB,
      runtimePlatform: {
        cpuArchitecture: ecs.CpuArchitecture.ARM64,
        operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
      },
    });
    task.addContainer('api', {
      image: ecs.ContainerImage.fromDockerImageAsset(this.image()),
      user: 'node',
      readonlyRootFilesystem: true,
      linuxParameters: this.withoutCapabilities(),
      stopTimeout,
      portMappings: [{ containerPort: ports.api }, { containerPort: ports.delivery }],
      logging: ecs.LogDriver.awsLogs({ logGroup: this.logGroup, streamPrefix: 'api' }),
      environment: {
        HOST: '0.0.0.0',
        PORT: String(ports.api),
        KEEP_ALIVE_SECONDS: String(keepAliveSeconds),
        LOG_LEVEL: logLevel,
        ...(otlpEndpoint && { OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint }),
        AWS_REGION: this.region,
        DDB_MESSAGE_TABLE: data.messages.tableName,
        DDB_RUNNER_TABLE: data.runner.tableName,
        DEAD_LETTER_BUCKET: data.givenUpName,
        DATABASE_URL: data.databaseUrl,
        DATABASE_AUTH: 'iam',
        COGNITO_USER_POOL_ID: signIn.pool.userPoolId,
        COGNITO_USER_POOL_CLIENT_ID: signIn.client.userPoolClientId,
        CORS_ORIGINS: `https://${domain}`,
        // The node finds its own address in the metadata of the task.
        DELIVERY_HOST: '0.0.0.0',
        DELIVERY_PORT: String(ports.delivery),
        // CloudFront and the load balancer, which no request can bypass.
        TRUSTED_PROXIES: '2',
        METRICS_PORT: String(ports.metrics),
        METRICS_LOG_SECONDS: '60',
      },
      secrets: {
        DELIVERY_SECRETS: this.secret(data.deliverySecrets),
        CURSOR_SECRETS: this.secret(data.cursorSecrets),
      },
    });
    accept(task, 'AwsSolutions-ECS2', 'These variables are not secret; secrets come from Secrets Manager.');
    for (const secret of [data.deliverySecrets, data.cursorSecrets])
      data.grantSecret(task.obtainExecutionRole(), secret);
    data.grantMessages(task.taskRole, {
      actions: [
        'GetItem',
        'BatchGetItem',
        'Query',
        'PutItem',
        'UpdateItem',
        'DeleteItem',
        'BatchWriteItem',
        'PartiQLInsert',
      ],
      indexActions: ['Query'],
    });
    data.grantDatabase(task.taskRole);
    this.grantErasure(task, data, signIn);
    acceptWildcard(task, '*', 'ecr:GetAuthorizationToken accepts no resource.');
    return task;
  }

  /** Drops all capabilities, because the process opens no port below 1024 and changes no user. */
  private withoutCapabilities() {
    const parameters = new ecs.LinuxParameters(this, 'Linux');
    parameters.dropCapabilities(ecs.Capability.ALL);
    return parameters;
  }

  /**
   * Who is erased is taken out of dead letters, in the table and in every version of the bucket's, and out of the pool.
   */
  private grantErasure(
    task: ecs.TaskDefinition,
    { runner, givenUpName, key }: DataStack,
    { pool }: SignInStack,
  ) {
    // By name, because cdk-nag names a value exported by another stack differently each time.
    const bucket = `arn:${this.partition}:s3:::${givenUpName}`;
    const letters = `${bucket}/aws/lambda/*`;
    for (const [actions, resource] of [
      [['dynamodb:Query', 'dynamodb:UpdateItem'], runner.tableArn],
      [['s3:ListBucket', 's3:ListBucketVersions'], bucket],
      [['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject', 's3:DeleteObjectVersion'], letters],
      [['cognito-idp:ListUsers', 'cognito-idp:AdminDeleteUser'], pool.userPoolArn],
    ] as const)
      task.taskRole.addToPrincipalPolicy(
        new iam.PolicyStatement({ actions: [...actions], resources: [resource] }),
      );
    task.taskRole.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: [key.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `s3.${this.region}.amazonaws.com` } },
      }),
    );
    const shown = letters.replace(this.partition, '<AWS::Partition>');
    acceptWildcard(task, shown, 'Lambda chooses the names of the objects of given-up batches.');
  }

  /** Imported by ARN, so that the CDK adds no grant of its own and does not change the key's policy. */
  private secret({ node, secretArn }: secretsmanager.ISecret) {
    return ecs.Secret.fromSecretsManager(
      secretsmanager.Secret.fromSecretCompleteArn(this, node.id, secretArn),
    );
  }

  /** The image is built from the checkout during deployment, never during synthesis. */
  private image() {
    return new ecrAssets.DockerImageAsset(this, 'Image', {
      directory: root,
      platform: ecrAssets.Platform.LINUX_ARM64,
      // In addition to .dockerignore.
      exclude: ['docs', 'frontend/e2e', 'bench', 'faults', '*.md'],
    });
  }

  private fargate({ name }: Settings, { network }: Parts, taskDefinition: ecs.FargateTaskDefinition) {
    const cluster = new ecs.Cluster(this, 'Cluster', {
      clusterName: name,
      vpc: network.vpc,
      containerInsightsV2: ecs.ContainerInsights.ENABLED,
    });
    const service = new ecs.FargateService(this, 'Service', {
      serviceName: 'api',
      cluster,
      taskDefinition,
      vpcSubnets: { subnetGroupName: 'tasks' },
      securityGroups: [network.groups.api],
      assignPublicIp: false,
      // New tasks start before old ones stop. A deployment whose tasks fail is rolled back.
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true },
      healthCheckGracePeriod: Duration.seconds(60),
    });
    // Only autoscaling sets the number of tasks. A number here would stop most tasks of a busy system at each
    // deployment.
    (service.node.defaultChild as ecs.CfnService).addPropertyDeletionOverride('DesiredCount');
    return service;
  }

  private migrate({ name, logLevel }: Settings, { network, data, migrate }: Parts) {
    const secret = data.database.secret;
    if (!secret) throw new Error('the database has no owner secret');
    const fn = bundledFunction(this, 'Migrate', {
      name: `${name}-migrate`,
      bundle: migrate,
      network,
      group: network.groups.people,
      timeout: Duration.minutes(10),
      memoryMiB: 512,
      logLevel,
      environment: {
        DATABASE_URL: data.databaseUrl,
        DATABASE_OWNER_ARN: secret.secretArn,
      },
    });
    data.grantSecret(fn, secret);
    new Trigger(this, 'Migrations', {
      handler: fn,
      timeout: Duration.minutes(10),
      executeBefore: [this.service],
    });
  }

  private scale({ tasks, socketsPerTask }: Settings, metric: cloudwatch.Metric) {
    const scaling = this.service.autoScaleTaskCount({ minCapacity: tasks.min, maxCapacity: tasks.max });
    // A task that stops disconnects its sockets, so scaling in is slow.
    const pace = { scaleOutCooldown: Duration.minutes(1), scaleInCooldown: Duration.minutes(15) };
    scaling.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: 60, ...pace });
    scaling.scaleToTrackCustomMetric('Sockets', { metric, targetValue: socketsPerTask, ...pace });
  }

  /**
   * Accepts only requests from the edge. Other requests would bypass the firewall, and could forge client addresses.
   */
  private listen({ certificateArn }: Settings, { data }: Parts) {
    const https = this.balancer.addListener('Https', {
      port: 443,
      open: false,
      certificates: [acm.Certificate.fromCertificateArn(this, 'Certificate', certificateArn)],
      sslPolicy: elb.SslPolicy.TLS13_RES,
      defaultAction: elb.ListenerAction.fixedResponse(403),
    });
    return https.addTargets('Api', {
      priority: 1,
      conditions: [elb.ListenerCondition.httpHeader(edgeHeader, [data.edgeSecretValue])],
      port: ports.api,
      protocol: elb.ApplicationProtocol.HTTP,
      targets: [this.service.loadBalancerTarget({ containerName: 'api', containerPort: ports.api })],
      // Checks only that the process answers, because an unreachable table must not end the tasks.
      healthCheck: { path: '/api/health-check', interval: Duration.seconds(10), healthyThresholdCount: 2 },
      deregistrationDelay: Duration.seconds(20),
      loadBalancingAlgorithmType: elb.TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
    });
  }

  /** Makes a metric from a field of the log lines that tasks write once a minute (`METRICS_LOG_SECONDS`). */
  private metric(metricName: string, field: string, statistic: string): cloudwatch.Metric {
    const namespace = `${metricNamespace}/${this.stackName}`;
    new logs.MetricFilter(this, `${metricName}Metric`, {
      logGroup: this.logGroup,
      filterPattern: logs.FilterPattern.exists(field),
      metricNamespace: namespace,
      metricName,
      metricValue: field,
    });
    const period = Duration.minutes(1);
    return new cloudwatch.Metric({ namespace, metricName, statistic, period });
  }
}
