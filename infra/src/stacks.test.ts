import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createTokens } from '@parley/backend/auth/tokens';
import { realtimePath } from '@parley/backend/realtime/handshake';
import { deployed } from '@parley/bench/scale/bill';
import { loadConfig, variables } from '@parley/config/config';
import { isEntryRecord } from '@parley/core/log/stream-records';
import { messageTable, runnerTable } from '@parley/core/table/definition';
import { longestPassMs } from '@parley/lambdas/drift/handler';
import { statementTimeoutMsDefault } from '@parley/lambdas/migrate/handler';
import { statefulStacks } from './parley.ts';
import { actionsInUse } from './testing/table-actions.ts';
import { type Resource, synthesise, synthesised } from './testing/templates.ts';
import { unscopedActions } from './unscoped.ts';
import { anchorOf } from './watch.ts';

const watching = { logLevel: 'debug', otlpEndpoint: 'https://traces.example.com' } as const;
let resources: Resource[];
let acknowledged: [id: string, reason: string][];
let manifest: {
  artifacts: Record<string, { environment?: string; properties?: { terminationProtection?: boolean } }>;
};
// Fails for every finding of cdk-nag without an accepted reason.
beforeAll(async () => {
  ({ resources, acknowledged, manifest } = await synthesise(watching));
}, 150_000);

/** The parts of a firewall rule that these tests check. */
type Rule = {
  Name: string;
  Action: { Block: { CustomResponse: object } };
  Statement: {
    RateBasedStatement: { ScopeDownStatement?: { ByteMatchStatement?: { SearchString: string } } };
  };
};

const all = (type: string) => resources.filter(({ Type }) => Type === type);
const groupName = (reference: { 'Fn::GetAtt': string[] }) => reference['Fn::GetAtt'][0]?.slice(0, -8);
const one = (type: string, id: string) => {
  const found = all(type).filter((resource) => resource.id.startsWith(id));
  if (found.length !== 1) throw new Error(`${found.length} of ${type} ${id}`);
  return found[0]?.Properties;
};

describe('data', () => {
  test("the tables are those of core, retained, protected and encrypted with Parley's key", () => {
    for (const definition of [messageTable('parley-messages'), runnerTable('parley-runner')]) {
      const { TableName, StreamSpecification, ...keys } = definition;
      const table = all('AWS::DynamoDB::Table').find(({ Properties }) => Properties.TableName === TableName);
      expect(table).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain', stack: 'data' });
      expect(table?.Properties).toMatchObject({
        ...keys,
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        SSESpecification: { SSEType: 'KMS', KMSMasterKeyId: expect.anything() },
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      });
      expect(table?.Properties.StreamSpecification?.StreamViewType).toBe(StreamSpecification?.StreamViewType);
    }
    expect(one('AWS::DynamoDB::Table', 'Messages').StreamSpecification.StreamViewType).toBe(
      'NEW_AND_OLD_IMAGES',
    );
  });

  test('Postgres is private, encrypted, retained, never paused, and needs TLS and no password', () => {
    const cluster = one('AWS::RDS::DBCluster', 'Database');
    expect(cluster).toMatchObject({
      DeletionProtection: true,
      StorageEncrypted: true,
      KmsKeyId: expect.anything(),
      EnableIAMDatabaseAuthentication: true,
      ManageMasterUserPassword: true,
    });
    expect(cluster.BackupRetentionPeriod).toBeGreaterThanOrEqual(7);
    expect(cluster.ServerlessV2ScalingConfiguration.MinCapacity).toBeGreaterThanOrEqual(0.5);
    expect(one('AWS::RDS::DBClusterParameterGroup', 'Database').Parameters).toMatchObject({
      'rds.force_ssl': '1',
    });
    for (const { Properties } of all('AWS::RDS::DBInstance'))
      expect(Properties.PubliclyAccessible).toBe(false);
    const subnets = JSON.stringify(one('AWS::RDS::DBSubnetGroup', 'Database').SubnetIds);
    expect(subnets.match(/innerSubnet\dSubnet/g)).toHaveLength(2);
    expect(subnets).not.toContain('public');
  });

  test('inner subnets have no route to the internet', () => {
    const ways = all('AWS::EC2::Route').filter(({ Properties }) =>
      /inner/.test(JSON.stringify(Properties.RouteTableId)),
    );
    expect(ways).toEqual([]);
    expect(all('AWS::EC2::Route').length).toBeGreaterThan(0);
  });

  test('stacks with data are protected, and the data outlives them', () => {
    for (const stack of statefulStacks)
      expect(manifest.artifacts[`parley-${stack}`]?.properties?.terminationProtection).toBe(true);
    const holders = [
      'DynamoDB::Table',
      'RDS::DBCluster',
      'S3::Bucket',
      'KMS::Key',
      'Cognito::UserPool',
      'SecretsManager::Secret',
    ];
    const kept = resources.filter(
      ({ Type, id }) => holders.includes(Type.slice(5)) && !id.startsWith('TopicKey'),
    );
    expect(kept.length).toBe(10);
    for (const { id, stack, DeletionPolicy } of kept) {
      expect([id, DeletionPolicy]).toEqual([id, 'Retain']);
      expect(statefulStacks).toContain(stack);
    }
  });

  test('no bucket is public or accessible without TLS', () => {
    for (const { Properties } of all('AWS::S3::Bucket'))
      expect(Object.values(Properties.PublicAccessBlockConfiguration)).toEqual([true, true, true, true]);
    expect(all('AWS::S3::BucketPolicy').length).toBe(all('AWS::S3::Bucket').length);
    for (const { Properties } of all('AWS::S3::BucketPolicy'))
      expect(Properties.PolicyDocument.Statement).toContainEqual(
        expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      );
  });
});

describe('the rules of cdk-nag', () => {
  test('fail a synthesis if one resource breaks them', async () => {
    const refused = await synthesised('testing/with-bare-queue.ts', {}, async () => undefined).catch(
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    expect(refused?.code).toBe(1);
    const told = `${refused?.stdout}${refused?.stderr}`;
    expect(told).toContain('AwsSolutions-SQS4');
    const found = [...told.matchAll(/^ +(parley-\S+) aws-cdk-lib/gm)].map(([, path]) => path);
    expect(new Set(found)).toEqual(new Set(['parley-watch/Bare/Resource']));
  }, 150_000);

  test('are broken only with a reason that says more than the rule', () => {
    // The list also has the CDK's own rules about the form of templates.
    const ours = acknowledged.filter(([id]) => id.includes('AwsSolutions-'));
    expect(ours.length).toBeGreaterThan(10);
    for (const [id, reason] of ours) expect([id, reason]).toEqual([id, expect.stringMatching(/.{20,}\.$/)]);
  });
});

describe('the network', () => {
  const endpoint = (id: string) => one('AWS::EC2::VPCEndpoint', id);

  test("endpoints inside the network lead to this system's tables only, and to the layers of the image", () => {
    const subnets = ['innerSubnet1', 'innerSubnet2', 'tasksSubnet1', 'tasksSubnet2'];
    for (const [id, service] of [
      ['VpcTable', '.dynamodb'],
      ['VpcObjects', '.s3'],
    ] as const) {
      const { VpcEndpointType, ServiceName, RouteTableIds } = endpoint(id);
      expect([VpcEndpointType, ServiceName['Fn::Join'][1].at(-1)]).toEqual(['Gateway', service]);
      for (const subnet of subnets)
        expect(JSON.stringify(RouteTableIds)).toMatch(new RegExp(`"Vpc${subnet}RouteTable`));
    }
    const [allowed, ...more] = endpoint('VpcTable').PolicyDocument.Statement;
    expect(more).toEqual([]);
    expect(JSON.stringify(allowed.Resource)).toMatch(/:dynamodb:us-east-1:111111111111:table\/parley-\*"/);
    for (const { Properties } of all('AWS::DynamoDB::Table'))
      expect(Properties.TableName).toMatch(/^parley-/);
  });

  test('an endpoint for secrets answers under their public name, and only tasks and functions reach it', () => {
    expect(all('AWS::EC2::VPCEndpoint')).toHaveLength(3);
    const { VpcEndpointType, ServiceName, PrivateDnsEnabled, SubnetIds, SecurityGroupIds } =
      endpoint('VpcSecrets');
    expect([VpcEndpointType, ServiceName, PrivateDnsEnabled]).toEqual([
      'Interface',
      'com.amazonaws.us-east-1.secretsmanager',
      true,
    ]);
    expect(JSON.stringify(SubnetIds).match(/innerSubnet\dSubnet/g)).toHaveLength(2);
    const [group] = SecurityGroupIds.map(groupName);
    const asking = all('AWS::EC2::SecurityGroupIngress')
      .map(({ Properties }) => Properties)
      .filter(({ GroupId }) => groupName(GroupId) === group)
      .map(({ SourceSecurityGroupId, FromPort, ToPort }) => [
        groupName(SourceSecurityGroupId),
        FromPort,
        ToPort,
      ]);
    expect(asking.sort()).toEqual([
      ['Api', 443, 443],
      ['People', 443, 443],
      ['Stream', 443, 443],
    ]);
  });
});

describe('the edge', () => {
  /** CloudFront's managed policies, by the ids in its documentation. */
  const cachingDisabled = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
  const cachingOptimized = '658327ea-f89d-4fab-a63d-7e88639e58f6';
  const allViewerExceptHostHeader = 'b689b0a8-53d0-40ab-baf2-68738e2966ac';
  const config = () => one('AWS::CloudFront::Distribution', 'Chat').DistributionConfig;

  test('uses TLS 1.2 or newer on both sides', () => {
    const { ViewerCertificate, Origins, DefaultCacheBehavior, CacheBehaviors } = config();
    expect(ViewerCertificate).toMatchObject({
      MinimumProtocolVersion: 'TLSv1.2_2021',
      SslSupportMethod: 'sni-only',
    });
    for (const { ViewerProtocolPolicy } of [DefaultCacheBehavior, ...CacheBehaviors])
      expect(ViewerProtocolPolicy).toBe('redirect-to-https');
    expect(Origins).toEqual([
      expect.objectContaining({
        DomainName: 'api.chat.example.com',
        CustomOriginConfig: { OriginProtocolPolicy: 'https-only', OriginSSLProtocols: ['TLSv1.2'] },
      }),
    ]);
  });

  test("limits the requests of an address with the API's own answer, before they reach the API", () => {
    const acl = one('AWS::WAFv2::WebACL', 'Acl');
    expect(acl).toMatchObject({ Scope: 'CLOUDFRONT', DefaultAction: { Allow: {} } });
    expect(manifest.artifacts['parley-firewall']?.environment).toBe('aws://111111111111/us-east-1');
    expect(JSON.stringify(config().WebACLId)).toMatch(/AclArn/);
    const limits = acl.Rules.map(({ Name, Action, Statement: { RateBasedStatement: rate } }: Rule) => {
      expect(Action.Block.CustomResponse).toMatchObject({
        ResponseCode: 429,
        ResponseHeaders: [{ Name: 'Retry-After', Value: '60' }],
      });
      expect(rate).toMatchObject({ AggregateKeyType: 'IP', EvaluationWindowSec: 300 });
      return [Name, rate.ScopeDownStatement?.ByteMatchStatement?.SearchString];
    });
    expect(limits).toEqual([
      ['Handshakes', realtimePath],
      ['Requests', undefined],
    ]);
    expect(Object.values<{ Content: string }>(acl.CustomResponseBodies)[0]?.Content).toBe('["rate_limited"]');
  });

  test('is the only entrance: the balancer refuses requests without the secret of the edge', () => {
    const [header, ...more] = config().Origins[0].OriginCustomHeaders;
    expect(more).toEqual([]);
    expect(header.HeaderName).toBe('X-Parley-Edge');
    const secret = JSON.stringify(header.HeaderValue);
    expect(secret).toMatch(/\{\{resolve:secretsmanager:.*EdgeSecret.*:SecretString/);
    const [refusal] = one('AWS::ElasticLoadBalancingV2::Listener', 'BalancerHttps').DefaultActions;
    expect(refusal).toMatchObject({ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '403' } });
    const rules = all('AWS::ElasticLoadBalancingV2::ListenerRule').map(({ Properties }) => Properties);
    expect(rules).toHaveLength(1);
    expect(rules[0].Conditions).toEqual([
      {
        Field: 'http-header',
        HttpHeaderConfig: { HttpHeaderName: 'X-Parley-Edge', Values: [header.HeaderValue] },
      },
    ]);
    expect(rules[0].Actions).toEqual([expect.objectContaining({ Type: 'forward' })]);
  });

  test('is counted as a trusted proxy, like the balancer', () => {
    const { ContainerDefinitions } = one('AWS::ECS::TaskDefinition', 'Task');
    expect(ContainerDefinitions[0].Environment).toContainEqual({ Name: 'TRUSTED_PROXIES', Value: '2' });
  });

  test('caches files with a hash in their name, and nothing of the API', () => {
    const { DefaultCacheBehavior, CacheBehaviors } = config();
    const kept = CacheBehaviors.map((each: Record<string, unknown>) => [
      each.PathPattern,
      each.CachePolicyId,
    ]);
    expect(kept).toEqual([['/assets/*', cachingOptimized]]);
    expect(DefaultCacheBehavior.CachePolicyId).toBe(cachingDisabled);
  });

  test('forwards every method, every header of a handshake, and the token', () => {
    const { DefaultCacheBehavior } = config();
    expect(DefaultCacheBehavior.OriginRequestPolicyId).toBe(allViewerExceptHostHeader);
    expect(DefaultCacheBehavior.AllowedMethods).toEqual(
      expect.arrayContaining(['GET', 'PUT', 'POST', 'DELETE']),
    );
  });

  test("the chat's domain leads to the edge, and the API's to the load balancer", () => {
    const named = all('AWS::Route53::RecordSet').map(({ Properties: { Name, Type, AliasTarget } }) => [
      Name,
      Type,
      /Chat|Balancer/.exec(JSON.stringify(AliasTarget.DNSName))?.[0],
    ]);
    expect(named).toEqual([
      ['chat.example.com.', 'A', 'Chat'],
      ['chat.example.com.', 'AAAA', 'Chat'],
      ['api.chat.example.com.', 'A', 'Balancer'],
    ]);
  });
});

describe('sign-in', () => {
  test('the client has no secret, uses SRP only, and does not reveal who has an account', () => {
    expect(one('AWS::Cognito::UserPoolClient', 'PoolWeb')).toMatchObject({
      GenerateSecret: false,
      ExplicitAuthFlows: ['ALLOW_USER_SRP_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      EnableTokenRevocation: true,
      PreventUserExistenceErrors: 'ENABLED',
      AccessTokenValidity: 60,
    });
    const pool = one('AWS::Cognito::UserPool', 'Pool');
    expect(pool).toMatchObject({
      DeletionProtection: 'ACTIVE',
      MfaConfiguration: 'OPTIONAL',
      UsernameAttributes: ['email'],
    });
    expect(pool.Policies.PasswordPolicy).toMatchObject({
      MinimumLength: loadConfig({}).PASSWORD_MIN_LENGTH,
      RequireSymbols: true,
      RequireNumbers: true,
      RequireLowercase: true,
      RequireUppercase: true,
    });
    expect(pool.LambdaConfig).toEqual({ PostConfirmation: expect.anything(), PreSignUp: expect.anything() });
  });

  test("its triggers end before Cognito's timeout", () => {
    for (const id of ['PostConfirmation', 'PreSignUp'])
      expect(one('AWS::Lambda::Function', id).Timeout).toBeLessThanOrEqual(5);
  });
});

describe('the stream', () => {
  type Filter = {
    eventName: string[];
    dynamodb: { Keys: Record<string, { S: { prefix: string }[] }>; NewImage?: unknown };
  };
  const filterOf = (id: string): Filter =>
    JSON.parse(one('AWS::Lambda::EventSourceMapping', id).FilterCriteria.Filters[0].Pattern);

  test('has two readers, each in order, reporting failures by record, and storing given-up batches in S3', () => {
    expect(all('AWS::Lambda::EventSourceMapping')).toHaveLength(2);
    for (const { Properties } of all('AWS::Lambda::EventSourceMapping')) {
      expect(Properties).toMatchObject({
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        BisectBatchOnFunctionError: true,
        ParallelizationFactor: 1,
        StartingPosition: 'TRIM_HORIZON',
      });
      expect(Properties.MaximumRetryAttempts).toBeGreaterThan(0);
      expect(Properties.MaximumRecordAgeInSeconds).toBeLessThan(24 * 3600);
      expect(JSON.stringify(Properties.DestinationConfig.OnFailure.Destination)).toContain('GivenUp');
      expect(JSON.stringify(Properties.EventSourceArn)).toMatch(/Messages.*StreamArn/);
    }
  });

  test('passes exactly the records that core treats as entries', () => {
    const { eventName, dynamodb } = filterOf('Entries');
    const passes = (pk: string, sk: string, event: string) =>
      eventName.includes(event) &&
      Object.entries({ pk, sk }).every(([name, value]) =>
        dynamodb.Keys[name]?.S.some(({ prefix }) => value.startsWith(prefix)),
      );
    const uuid = '5ae290ed-55d1-47a0-bc6d-fe2bc2700399';
    for (const [pk, sk] of [
      [`MSG#${uuid}`, '000000000001'],
      [`MSG#${uuid}`, '999999999999'],
      [`MSG#${uuid}`, 'GROUP'],
      [`MSG#${uuid}`, `MEMBER#${uuid}`],
      [`GRP#${uuid}`, uuid],
      ['NODES', `NODE#${uuid}`],
      [`USER#${uuid}`, `NODE#${uuid}`],
    ] as const) {
      for (const event of ['INSERT', 'MODIFY', 'REMOVE']) {
        const record = { eventName: event, dynamodb: { Keys: { pk: { S: pk }, sk: { S: sk } } } };
        expect([pk, sk, event, passes(pk, sk, event)]).toEqual([pk, sk, event, isEntryRecord(record)]);
      }
    }
  });

  test('a second reader collects entries of large conversations for less than the allowed five seconds', () => {
    expect(filterOf('LargeEntries')).toEqual({
      ...filterOf('Entries'),
      dynamodb: { ...filterOf('Entries').dynamodb, NewImage: { large: { BOOL: [true] } } },
    });
    const { MaximumBatchingWindowInSeconds: window, FunctionName } = one(
      'AWS::Lambda::EventSourceMapping',
      'LargeEntries',
    );
    expect(window).toBeGreaterThan(0);
    expect(window).toBeLessThan(5);
    expect(JSON.stringify(FunctionName)).toContain('MessageStreamLarge');
    expect(one('AWS::Lambda::Function', 'MessageStreamLarge').Handler).toBe('index.largeHandler');
    expect(one('AWS::Lambda::EventSourceMapping', 'Entries').MaximumBatchingWindowInSeconds).toBeUndefined();
  });

  test('the functions match their bundles, and run inside the network', () => {
    const ours = all('AWS::Lambda::Function').filter(({ Properties }) => Properties.FunctionName);
    expect(ours.map(({ Properties }) => Properties.FunctionName).sort()).toEqual([
      'parley-drift',
      'parley-message-stream',
      'parley-message-stream-large',
      'parley-migrate',
      'parley-post-confirmation',
      'parley-pre-sign-up',
    ]);
    for (const { Properties } of ours) {
      expect(Properties).toMatchObject({
        Runtime: 'nodejs22.x',
        Architectures: ['arm64'],
        TracingConfig: { Mode: 'Active' },
      });
      expect(JSON.stringify(Properties.VpcConfig.SubnetIds)).toContain('innerSubnet');
    }
  });
});

describe('the API', () => {
  const container = () => one('AWS::ECS::TaskDefinition', 'Task').ContainerDefinitions[0];
  const setting = (name: string) =>
    container().Environment.find((entry: { Name: string }) => entry.Name === name)?.Value;

  test('the balancer keeps sockets that are pinged every 30 s, and tasks keep connections longer than the balancer', () => {
    const { LoadBalancerAttributes } = one('AWS::ElasticLoadBalancingV2::LoadBalancer', 'Balancer');
    const attribute = (key: string) =>
      LoadBalancerAttributes.find((entry: { Key: string }) => entry.Key === key)?.Value;
    const idle = Number(attribute('idle_timeout.timeout_seconds'));
    expect(idle).toBeGreaterThan(60);
    expect(Number(setting('KEEP_ALIVE_SECONDS'))).toBeGreaterThan(idle);
  });

  test('stacks without data can be destroyed', () => {
    const guarded = resources.filter(({ Properties }) =>
      /"(DeletionProtection(Enabled)?":(true|"ACTIVE")|deletion_protection.enabled","Value":"true")/.test(
        JSON.stringify(Properties),
      ),
    );
    expect(guarded.length).toBeGreaterThan(3);
    for (const { id, stack } of guarded)
      expect([id, statefulStacks]).toEqual([id, expect.arrayContaining([stack])]);
  });

  test('tasks run read-only and unprivileged, with secrets that no template holds', () => {
    expect(container()).toMatchObject({
      ReadonlyRootFilesystem: true,
      User: 'node',
      LinuxParameters: { Capabilities: { Drop: ['ALL'] } },
    });
    expect(container().LinuxParameters.Capabilities.Add).toBeUndefined();
    const secrets = container().Secrets.map(({ Name }: { Name: string }) => Name);
    expect(secrets.sort()).toEqual(['CURSOR_SECRETS', 'DELIVERY_SECRETS']);
    for (const { Name, Value } of container().Environment)
      expect([Name, /secret|password/i.test(Name), /:[^@/]+@/.test(JSON.stringify(Value))]).toEqual([
        Name,
        false,
        false,
      ]);
  });

  test('off AWS its containers also run unprivileged, read-only and without capabilities', async () => {
    const read = (file: string) => readFile(new URL(`../../${file}`, import.meta.url), 'utf8');
    for (const stage of (await read('Dockerfile')).split(/^FROM /m).slice(1))
      expect(stage.match(/^USER .+$/gm)).toEqual(['USER node']);
    const compose = await read('docker-compose.yml');
    const unprivileged = /^x-unprivileged: &unprivileged\n((?: {2}.+\n)+)/m.exec(compose)?.[1];
    for (const line of ['user: node', 'read_only: true', 'cap_drop: ["ALL"]'])
      expect(unprivileged).toContain(`  ${line}\n`);
    const services = compose.split(/^services:$/m)[1]?.split(/^ {2}(?=\S)/m) ?? [];
    const ofImage = services.filter((service) => /^ {4}build: \.$/m.test(service));
    expect(ofImage).toHaveLength(2);
    for (const service of ofImage) expect(service).toContain('    <<: *unprivileged\n');
  });

  test('the public reaches port 443 of the balancer, and nothing else', () => {
    const open = resources.flatMap(({ id, Type, Properties }) => {
      const rules = Type === 'AWS::EC2::SecurityGroup' ? (Properties.SecurityGroupIngress ?? []) : [];
      const rule = Type === 'AWS::EC2::SecurityGroupIngress' ? [Properties] : [];
      return [...rules, ...rule]
        .filter(({ CidrIp, CidrIpv6 }) => CidrIp || CidrIpv6)
        .map(({ FromPort }) => [id.slice(0, 8), FromPort]);
    });
    expect(open).toEqual([['Balancer', 443]]);
    expect(all('AWS::ElasticLoadBalancingV2::Listener').map(({ Properties }) => Properties.Protocol)).toEqual(
      ['HTTPS'],
    );
  });

  test('only the stream and the other tasks reach the delivery port; nobody reaches the metrics', () => {
    const into = (port: number) =>
      all('AWS::EC2::SecurityGroupIngress')
        .filter(({ Properties }) => Properties.FromPort === port)
        .map(({ Properties }) => [Properties.GroupId, Properties.SourceSecurityGroupId].map(groupName));
    expect(into(4570).sort()).toEqual([
      ['Api', 'Api'],
      ['Api', 'Stream'],
    ]);
    expect(into(4567)).toEqual([['Api', 'Balancer']]);
    expect(into(5432).sort()).toEqual([
      ['Database', 'Api'],
      ['Database', 'People'],
    ]);
    expect(into(Number(setting('METRICS_PORT')))).toEqual([]);
    expect(setting('DELIVERY_HOST')).toBe('0.0.0.0');
    expect(setting('DELIVERY_PORT')).toBe('4570');
  });

  test('tasks scale with CPU and sockets, and a failing deployment is rolled back', () => {
    const policies = all('AWS::ApplicationAutoScaling::ScalingPolicy').map(
      ({ Properties }) => Properties.TargetTrackingScalingPolicyConfiguration,
    );
    expect(policies.map((policy) => policy.PredefinedMetricSpecification?.PredefinedMetricType)).toContain(
      'ECSServiceAverageCPUUtilization',
    );
    const service = one('AWS::ECS::Service', 'Service');
    // A deployment does not change the number of tasks.
    expect(service.DesiredCount).toBeUndefined();
    expect(one('AWS::ApplicationAutoScaling::ScalableTarget', 'Service').MinCapacity).toBe(2);
    expect(service.DeploymentConfiguration).toMatchObject({
      DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      MinimumHealthyPercent: 100,
    });
  });

  test('tasks scale with a number of sockets that each of them logs', () => {
    const { CustomizedMetricSpecification: followed } = all('AWS::ApplicationAutoScaling::ScalingPolicy')
      .map(({ Properties }) => Properties.TargetTrackingScalingPolicyConfiguration)
      .find((policy) => policy.CustomizedMetricSpecification);
    const { FilterPattern, LogGroupName, MetricTransformations } = one('AWS::Logs::MetricFilter', 'Sockets');
    const [told] = MetricTransformations;
    expect(followed).toEqual({
      Namespace: told.MetricNamespace,
      MetricName: told.MetricName,
      // The average over the lines of all tasks. It has no dimensions, because the filter has none.
      Statistic: 'Average',
    });
    expect(told.Dimensions).toBeUndefined();
    expect([FilterPattern, told.MetricValue]).toEqual(['{ $.sockets = "*" }', '$.sockets']);
    const { Options } = container().LogConfiguration;
    expect(Options['awslogs-group']).toEqual(LogGroupName);
    expect(Number(setting('METRICS_LOG_SECONDS'))).toBe(60);
  });

  test("tasks start after the balancer's listener exists, and are drained before they are killed", () => {
    const service = all('AWS::ECS::Service')[0] as Resource & { DependsOn: string[] };
    expect(service.DependsOn).toContainEqual(expect.stringMatching(/^BalancerHttps/));
    expect(service.Properties.HealthCheckGracePeriodSeconds).toBeGreaterThanOrEqual(30);
    expect(container().StopTimeout).toBeGreaterThan(2 * 10);
    const { TargetGroupAttributes, HealthCheckPath } = one(
      'AWS::ElasticLoadBalancingV2::TargetGroup',
      'Balancer',
    );
    expect(HealthCheckPath).toBe('/api/health-check');
    const delay = TargetGroupAttributes.find(
      ({ Key }: { Key: string }) => Key === 'deregistration_delay.timeout_seconds',
    );
    // Longer than a request may take.
    expect(Number(delay.Value)).toBeGreaterThan(10);
  });

  test('the processes start with the variables of the templates, and know each of them', () => {
    const valuesOf = (entries: [string, unknown][]) =>
      Object.fromEntries(
        entries.map(([name, value]) => [name, typeof value === 'string' ? value : 'postgres://p@h:1/p']),
      );
    const ofTask = valuesOf(
      container().Environment.map(({ Name, Value }: { Name: string; Value: unknown }) => [Name, Value]),
    );
    const functions = all('AWS::Lambda::Function').filter(({ Properties }) => Properties.FunctionName);
    const foreign = ['NODE_OPTIONS'];
    for (const env of [
      ofTask,
      ...functions.map(({ Properties }) => valuesOf(Object.entries(Properties.Environment.Variables))),
    ]) {
      expect(() => loadConfig(env)).not.toThrow();
      for (const name of Object.keys(env)) expect([...Object.keys(variables), ...foreign]).toContain(name);
    }
    // The issuer follows from the pool's id. Without it no token would be accepted.
    expect(() => createTokens(loadConfig(ofTask))).not.toThrow();
  });

  test('a message can be traced through tasks and functions if the settings enable it', () => {
    expect(setting('LOG_LEVEL')).toBe('debug');
    expect(setting('OTEL_EXPORTER_OTLP_ENDPOINT')).toBe('https://traces.example.com');
    for (const { Properties } of all('AWS::Lambda::Function').filter(
      ({ Properties: { FunctionName } }) => FunctionName,
    ))
      expect(Properties.Environment.Variables).toMatchObject({ LOG_LEVEL: 'debug' });
  });

  test('migrations run before the tasks that need them, and fail before they are killed', () => {
    const { Timeout } = one('AWS::Lambda::Function', 'Migrate');
    expect(Timeout * 1_000).toBeGreaterThan(2.2 * statementTimeoutMsDefault);
    const service = all('AWS::ECS::Service')[0] as Resource & { DependsOn: string[] };
    expect(service.DependsOn).toContainEqual(expect.stringMatching(/^Migrations/));
  });
});

describe('permissions', () => {
  type Statement = {
    Effect: string;
    Action: string | string[];
    Resource: unknown;
    stack: string;
    id: string;
  };
  const statements = (): Statement[] =>
    resources.flatMap(({ stack, id, Type, Properties }) => {
      const inline = Type === 'AWS::IAM::Role' ? (Properties.Policies ?? []) : [];
      const documents = Type === 'AWS::IAM::Policy' ? [Properties] : inline;
      return documents.flatMap(({ PolicyDocument }: { PolicyDocument: { Statement: Statement[] } }) =>
        PolicyDocument.Statement.map((statement) => ({ ...statement, stack, id })),
      );
    });
  const listOf = (value: unknown) => (Array.isArray(value) ? value : [value]);

  test('every policy names its actions', () => {
    expect(statements().length).toBeGreaterThan(30);
    for (const { id, Effect, Action } of statements())
      for (const action of listOf(Action))
        expect([id, Effect, action]).toEqual([id, Effect, expect.not.stringContaining('*')]);
  });

  test('every policy names its resources, except for actions that accept none', () => {
    for (const { id, Effect, Action, Resource } of statements()) {
      if (Effect === 'Deny' || !listOf(Resource).includes('*')) continue;
      for (const action of listOf(Action))
        expect([id, Object.keys(unscopedActions)]).toEqual([id, expect.arrayContaining([action])]);
    }
  });

  test('wildcards in resources are used only where AWS or the CDK chooses the names', () => {
    const wild = statements().flatMap(({ Effect, Resource }) =>
      Effect === 'Deny'
        ? []
        : listOf(Resource)
            .map((resource) => JSON.stringify(resource))
            .filter((text) => /\*/.test(text) && text !== '"*"'),
    );
    // Objects of the bucket for given-up batches, and versions of the function that migrates.
    for (const resource of wild)
      expect(resource).toMatch(
        /parley-given-up-\d+-us-east-1\/(aws\/lambda\/)?\*|"Migrate\w+","Arn"\]},":\*"/,
      );
  });

  test('no role uses a managed policy', () => {
    const taken = all('AWS::IAM::Role').flatMap(({ id, Properties }) =>
      listOf(Properties.ManagedPolicyArns ?? []).map((policy) => [id.slice(0, 32), JSON.stringify(policy)]),
    );
    // Except the CDK's own function that triggers the migrations, for its log.
    expect(taken).toEqual([
      [expect.stringContaining('Trigger'), expect.stringContaining('AWSLambdaBasicExecutionRole')],
    ]);
  });

  test("the roles of the API and of the stream's functions allow every action they use on the tables", async () => {
    const allowed = (id: string) => {
      const tables = Object.fromEntries(
        all('AWS::DynamoDB::Table').map((table) => [table.id, table.Properties.TableName]),
      );
      // Exports are named after their content: ...FnGetAttMessages804FA4EBArn...
      const nameOf = (resource: unknown) => {
        const text = JSON.stringify(resource);
        const table = Object.keys(tables).find((name) => text.includes(name));
        return `${tables[table ?? '']}${/\/index\/\w+/.exec(text) ?? ''}`;
      };
      return statements()
        .filter((statement) => statement.id.startsWith(id) && statement.Effect === 'Allow')
        .flatMap(({ Action, Resource }) =>
          listOf(Action).flatMap((action) => listOf(Resource).map((each) => `${action} ${nameOf(each)}`)),
        );
    };
    const { complaints, erased, ofApi, ofStream } = await actionsInUse();
    expect({ complaints, erased }).toEqual({ complaints: [], erased: 200 });
    expect(allowed('TaskTaskRole')).toEqual(expect.arrayContaining(ofApi));
    expect(allowed('MessageStreamRole')).toEqual(expect.arrayContaining(ofStream));
    // Both sides have used every way to write.
    expect(ofApi).toContain('dynamodb:PartiQLInsert parley-messages');
    expect(ofApi).toContain('dynamodb:Query parley-messages/index/inbox');
    expect(ofStream).toContain('dynamodb:PartiQLUpdate parley-messages');
  }, 120_000);

  test('the functions of the stream may not write entries, and the API may not touch the table itself', () => {
    const actions = (id: string) =>
      statements()
        .filter((statement) => statement.id.startsWith(id))
        .flatMap(({ Action }) => listOf(Action));
    for (const action of ['dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:PartiQLInsert'])
      expect(actions('MessageStream')).not.toContain(action);
    for (const action of ['dynamodb:DeleteTable', 'dynamodb:UpdateTable', 'dynamodb:UpdateTimeToLive'])
      expect(actions('TaskTaskRole')).not.toContain(action);
    expect(actions('TaskTaskRole')).toContain('dynamodb:PartiQLInsert');
  });

  test('the API may rewrite and delete every version of a dead letter, and no other object', () => {
    const onObjects = statements().filter(
      ({ id, Action }) =>
        id.startsWith('TaskTaskRole') && listOf(Action).some((name) => name.startsWith('s3:')),
    );
    expect(onObjects.map(({ Action }) => listOf(Action))).toEqual([
      ['s3:ListBucket', 's3:ListBucketVersions'],
      ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject', 's3:DeleteObjectVersion'],
    ]);
    for (const { Resource } of onObjects)
      expect(JSON.stringify(Resource)).toContain(':s3:::parley-given-up-');
    const task = JSON.stringify(all('AWS::ECS::TaskDefinition'));
    expect(task).toMatch(/"Name":"DEAD_LETTER_BUCKET","Value":"parley-given-up-/);
  });
});

describe('monitoring', () => {
  test('each alarm notifies somebody and has its paragraph in the runbook, and no paragraph lacks an alarm', async () => {
    const alarms = all('AWS::CloudWatch::Alarm').map(({ Properties }) => Properties);
    const ours = alarms.filter(({ AlarmName }) => AlarmName);
    expect(ours.length).toBeGreaterThan(12);
    for (const { AlarmActions } of ours) expect(AlarmActions).toHaveLength(1);
    const runbook = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const section = /\n## Alarms\n(.*?)\n## /s.exec(runbook)?.[1] ?? '';
    const headings = [...section.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);
    expect(ours.map(({ AlarmName }) => AlarmName.replace('parley: ', '')).sort()).toEqual(headings.sort());
    for (const { AlarmName, AlarmDescription } of ours)
      expect(AlarmDescription).toBe(`docs/operations.md#${anchorOf(AlarmName.replace('parley: ', ''))}`);
  });

  test('alarms use metrics that exist: some DynamoDB metrics exist only per operation and not per table', () => {
    const metrics = all('AWS::CloudWatch::Alarm').flatMap(({ Properties }) =>
      (Properties.Metrics ?? [{ MetricStat: { Metric: Properties } }]).flatMap(
        ({ MetricStat }: { MetricStat?: { Metric: Metric } }) => MetricStat?.Metric ?? [],
      ),
    );
    type Metric = { Namespace: string; MetricName: string; Dimensions?: { Name: string }[] };
    const dimensionsOf = ({ Dimensions = [] }: Metric) => Dimensions.map(({ Name }) => Name).sort();
    const ofTable = metrics.filter(({ Namespace }) => Namespace === 'AWS/DynamoDB');
    expect(ofTable.length).toBeGreaterThan(5);
    for (const metric of ofTable) {
      const isOfOperation = ['SystemErrors', 'ThrottledRequests'].includes(metric.MetricName);
      expect([metric.MetricName, dimensionsOf(metric).includes('Operation')]).toEqual([
        metric.MetricName,
        isOfOperation,
      ]);
    }
    const own = metrics.filter(({ Namespace }) => Namespace.startsWith('Parley'));
    const told = all('AWS::Logs::MetricFilter').map(({ Properties }) => Properties.MetricTransformations[0]);
    for (const metric of own.filter(({ MetricName }) => MetricName !== 'DriftingConversations')) {
      expect(told).toContainEqual(
        expect.objectContaining({ MetricNamespace: metric.Namespace, MetricName: metric.MetricName }),
      );
      expect(dimensionsOf(metric)).toEqual([]);
    }
    // bundles.test.ts checks that the function reports this one.
    expect(own.find(({ MetricName }) => MetricName === 'DriftingConversations')).toMatchObject({
      Namespace: 'Parley',
      Dimensions: [{ Name: 'service', Value: 'drift' }],
    });
  });

  test("the dashboard shows metrics that exist: documented ones of AWS services, and those of Parley's filters", () => {
    /** From the documentation of each service, with the dimensions of each metric. */
    const documented: Record<string, { names: string[]; dimensions: string[] }> = {
      'AWS/ApplicationELB': {
        names: ['RequestCount', 'TargetResponseTime'],
        dimensions: ['LoadBalancer', 'TargetGroup'],
      },
      'AWS/ECS': {
        names: ['CPUUtilization', 'MemoryUtilization'],
        dimensions: ['ClusterName', 'ServiceName'],
      },
      'AWS/Lambda': { names: ['Duration', 'Errors', 'IteratorAge'], dimensions: ['FunctionName'] },
      'AWS/DynamoDB': {
        names: [
          'ConsumedReadCapacityUnits',
          'ConsumedWriteCapacityUnits',
          'ReadThrottleEvents',
          'WriteThrottleEvents',
        ],
        dimensions: ['TableName'],
      },
      'AWS/RDS': {
        names: ['DatabaseConnections', 'ServerlessDatabaseCapacity'],
        dimensions: ['DBClusterIdentifier'],
      },
    };
    const told = all('AWS::Logs::MetricFilter').map(({ Properties }) => {
      const [{ MetricNamespace, MetricName }] = Properties.MetricTransformations;
      return `${MetricNamespace} ${MetricName}`;
    });
    const parts: unknown[] = one('AWS::CloudWatch::Dashboard', 'Dashboard').DashboardBody['Fn::Join'][1];
    const body = parts.map((part) => (typeof part === 'string' ? part : 'made-later')).join('');
    type Widget = { properties: { title?: string; metrics?: string[][] } };
    const shown = (JSON.parse(body).widgets as Widget[]).flatMap(
      ({ properties }) => properties.metrics ?? [],
    );
    expect(shown.length).toBeGreaterThan(15);
    for (const [namespace = '', name, ...rest] of shown) {
      const dimensions = rest.filter((part, index) => typeof part === 'string' && index % 2 === 0).sort();
      const known = documented[namespace];
      if (known) {
        expect(known.names).toContain(name);
        expect([name, dimensions]).toEqual([name, known.dimensions]);
      } else {
        expect(told).toContain(`${namespace} ${name}`);
        expect(dimensions).toEqual([]);
      }
    }
    // Each metric of a filter is on the dashboard.
    for (const metric of told)
      expect(shown.map(([namespace, name]) => `${namespace} ${name}`)).toContain(metric);
  });

  test('the commands of a restore name resources of the templates', async () => {
    const runbook = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const section = /\n## Backup and restore\n(.*?)\n## /s.exec(runbook)?.[1] ?? '';
    const scripts = ['copies', 'deleted-table', 'remove-copies'].map((name) =>
      readFile(new URL(`../restore/${name}.sh`, import.meta.url), 'utf8'),
    );
    const blocks = [...section.matchAll(/^```sh\n(.*?)^```/gms)].map(([, lines]) => lines);
    const commands = [...(await Promise.all(scripts)), ...blocks].join('');
    const named = new Set(commands.match(/(?<=[ =])(alias\/)?parley-[a-z-]+/g));
    const templates = JSON.stringify(resources);
    const made = [...named].filter((name) => !/-restored/.test(name));
    expect(made).toEqual(expect.arrayContaining(['parley-messages', 'parley-people', 'alias/parley-data']));
    for (const name of made)
      expect([name, templates.includes(`"${name}"`) || name in manifest.artifacts]).toEqual([name, true]);
    const { AttributeName } = one('AWS::DynamoDB::Table', 'Messages').TimeToLiveSpecification;
    expect(commands).toContain(`Enabled=true,AttributeName=${AttributeName}\n`);
    expect(one('AWS::ECS::Cluster', 'Cluster').ClusterName).toBe('parley');
    expect(one('AWS::ECS::Service', 'Service').ServiceName).toBe('api');
    expect(commands).toContain('--cluster parley --services api ');
  });

  test('the bill of an idle month counts everything that the templates deploy', () => {
    const watched = all('AWS::CloudWatch::Alarm').flatMap(({ Properties: { Metrics } }) =>
      (Metrics ?? [{ MetricStat: {} }]).filter(({ MetricStat }: { MetricStat?: object }) => MetricStat),
    );
    const { Cpu, Memory } = one('AWS::ECS::TaskDefinition', 'Task');
    const { SubnetIds } = one('AWS::EC2::VPCEndpoint', 'VpcSecrets');
    const { Subnets } = one('AWS::ElasticLoadBalancingV2::LoadBalancer', 'Balancer');
    const database = one('AWS::RDS::DBCluster', 'Database');
    expect(all('AWS::RDS::DBInstance')).toHaveLength(1);
    expect(deployed).toEqual({
      tasks: one('AWS::ApplicationAutoScaling::ScalableTarget', 'Service').MinCapacity,
      cpus: Cpu / 1_024,
      gigabytes: Memory / 1_024,
      natGateways: all('AWS::EC2::NatGateway').length,
      endpointZones: SubnetIds.length,
      publicAddresses: Subnets.length + all('AWS::EC2::EIP').length,
      auroraUnits: database.ServerlessV2ScalingConfiguration.MinCapacity,
      keys: all('AWS::KMS::Key').length,
      secrets: all('AWS::SecretsManager::Secret').length + (database.ManageMasterUserPassword ? 1 : 0),
      firewalls: all('AWS::WAFv2::WebACL').length,
      firewallRules: one('AWS::WAFv2::WebACL', 'Acl').Rules.length,
      alarmMetrics: watched.length,
      // And that of the drift function.
      ownMetrics: all('AWS::Logs::MetricFilter').length + 1,
    });
  });

  test('the drift function has time for two suspects, and has an alarm for failures', () => {
    const ofName = ({ Properties }: Resource) => Properties.FunctionName === 'parley-drift';
    const drift = all('AWS::Lambda::Function').find(ofName);
    expect(drift?.Properties.Timeout * 1_000).toBeGreaterThan(2 * longestPassMs());
    const alarm = all('AWS::CloudWatch::Alarm').find(
      ({ Properties }) => Properties.AlarmName === 'parley: drift fails',
    );
    expect(alarm?.Properties).toMatchObject({ Namespace: 'AWS/Lambda', MetricName: 'Errors', Threshold: 1 });
    expect(JSON.stringify(alarm?.Properties.Dimensions)).toContain('RefDrift');
  });

  test('a budget notifies before the money is spent', () => {
    const { Budget, NotificationsWithSubscribers } = one('AWS::Budgets::Budget', 'Budget');
    expect(Budget.BudgetLimit).toEqual({ Amount: 300, Unit: 'USD' });
    expect(NotificationsWithSubscribers).toHaveLength(2);
  });
});
