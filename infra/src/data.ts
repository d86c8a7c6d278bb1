import type { CreateTableCommandInput, KeySchemaElement } from '@aws-sdk/client-dynamodb';
import { inboxIndex, messageTable, runnerTable, ttlAttribute } from '@parley/core/table/definition';
import { ArnFormat, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { accept } from './acknowledge.ts';
import { databaseName, databaseRole, ports } from './names.ts';
import type { NetworkStack } from './network.ts';
import type { Settings } from './settings.ts';

const privateBucket = {
  blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
  enforceSSL: true,
  removalPolicy: RemovalPolicy.RETAIN,
};

/** The keys of a table or an index, with the types of their attributes. */
function keysOf({ AttributeDefinitions = [] }: CreateTableCommandInput, schema: KeySchemaElement[] = []) {
  const attribute = (keyType: string) => {
    const name = schema.find(({ KeyType }) => KeyType === keyType)?.AttributeName;
    const found = AttributeDefinitions.find(({ AttributeName }) => AttributeName === name);
    if (!name || !found) throw new Error(`the definition has no ${keyType} key`);
    return { name, type: found.AttributeType as dynamodb.AttributeType };
  };
  return { partitionKey: attribute('HASH'), sortKey: attribute('RANGE') };
}

/** The data that must outlive every deployment: tables, Postgres, secrets, and given-up batches. */
export class DataStack extends Stack {
  readonly key: kms.Key;
  readonly messages: dynamodb.Table;
  readonly runner: dynamodb.Table;
  readonly database: rds.DatabaseCluster;
  readonly deliverySecrets: secretsmanager.Secret;
  readonly cursorSecrets: secretsmanager.Secret;
  private readonly edgeSecret: secretsmanager.Secret;
  readonly givenUp: s3.Bucket;
  readonly givenUpName: string;
  readonly accessLogs: s3.Bucket;

  constructor(scope: Construct, id: string, props: StackProps, settings: Settings, network: NetworkStack) {
    super(scope, id, { ...props, terminationProtection: true });
    const { name } = settings;
    this.key = new kms.Key(this, 'Key', {
      alias: `${name}-data`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.messages = this.table('Messages', messageTable(`${name}-messages`));
    this.runner = this.table('Runner', runnerTable(`${name}-runner`));
    this.database = this.postgres(settings, network);
    this.deliverySecrets = this.secret(
      'DeliverySecrets',
      `${name}/delivery`,
      'Signs deliveries to the nodes',
    );
    this.edgeSecret = this.secret('EdgeSecret', `${name}/edge`, 'Shows that a request has passed the edge');
    this.cursorSecrets = this.secret('CursorSecrets', `${name}/cursors`, 'Signs page cursors');
    this.accessLogs = this.logBucket();
    this.givenUpName = `${name}-given-up-${settings.account}-${settings.region}`;
    this.givenUp = new s3.Bucket(this, 'GivenUp', {
      bucketName: this.givenUpName,
      ...privateBucket,
      encryptionKey: this.key,
      bucketKeyEnabled: true,
      versioned: true,
      serverAccessLogsBucket: this.accessLogs,
      serverAccessLogsPrefix: 'given-up/',
      lifecycleRules: [{ expiration: Duration.days(90), noncurrentVersionExpiration: Duration.days(30) }],
    });
    // Sends an event to EventBridge for each batch, without a function.
    const bucket = this.givenUp.node.defaultChild as s3.CfnBucket;
    bucket.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
  }

  /** Makes a table from its definition in core, retained, protected and encrypted. */
  private table(id: string, definition: CreateTableCommandInput): dynamodb.Table {
    const { TableName, StreamSpecification, GlobalSecondaryIndexes = [] } = definition;
    const table = new dynamodb.Table(this, id, {
      tableName: TableName,
      ...keysOf(definition, definition.KeySchema),
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: ttlAttribute,
      stream: StreamSpecification?.StreamViewType as dynamodb.StreamViewType | undefined,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
      encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.key,
    });
    for (const { IndexName = '', KeySchema, Projection } of GlobalSecondaryIndexes) {
      table.addGlobalSecondaryIndex({
        indexName: IndexName,
        ...keysOf(definition, KeySchema),
        projectionType: Projection?.ProjectionType as dynamodb.ProjectionType,
      });
    }
    return table;
  }

  private postgres({ name, database }: Settings, { vpc, groups }: NetworkStack) {
    const cluster = new rds.DatabaseCluster(this, 'Database', {
      clusterIdentifier: `${name}-people`,
      engine: rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_17_7 }),
      parameters: { 'rds.force_ssl': '1' },
      defaultDatabaseName: databaseName,
      port: ports.postgres,
      credentials: rds.Credentials.fromUsername('parley_owner'),
      // Only RDS knows the owner's password, and changes it every week. The API and the Lambdas have no password.
      manageMasterUserPassword: true,
      iamAuthentication: true,
      writer: rds.ClusterInstance.serverlessV2('Writer', { publiclyAccessible: false }),
      readers: Array.from({ length: database.readers }, (_, index) =>
        rds.ClusterInstance.serverlessV2(`Reader${index + 1}`, {
          publiclyAccessible: false,
          scaleWithWriter: true,
        }),
      ),
      serverlessV2MinCapacity: database.minCapacity,
      serverlessV2MaxCapacity: database.maxCapacity,
      vpc,
      vpcSubnets: { subnetGroupName: 'inner' },
      securityGroups: [groups.database],
      storageEncrypted: true,
      storageEncryptionKey: this.key,
      backup: { retention: Duration.days(14) },
      copyTagsToSnapshot: true,
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
      cloudwatchLogsExports: ['postgresql'],
    });
    // Created before Postgres, which would create a log group that keeps lines forever.
    const lines = new logs.LogGroup(this, 'DatabaseLogs', {
      logGroupName: `/aws/rds/cluster/${name}-people/postgresql`,
      retention: logs.RetentionDays.ONE_MONTH,
    });
    cluster.node.addDependency(lines);
    accept(
      cluster,
      'AwsSolutions-RDS11',
      'Another port would add nothing, because only two security groups reach the server.',
    );
    return cluster;
  }

  /** CloudFormation resolves the value during deployment, so no template holds it. */
  get edgeSecretValue(): string {
    return this.edgeSecret.secretValue.unsafeUnwrap();
  }

  private secret(id: string, secretName: string, description: string) {
    const secret = new secretsmanager.Secret(this, id, {
      secretName,
      description,
      encryptionKey: this.key,
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    accept(
      secret,
      'AwsSolutions-SMG4',
      'bin/aws/rotate rotates it in steps with two valid values; a schedule could not wait for the tasks in between.',
    );
    return secret;
  }

  private logBucket() {
    const bucket = new s3.Bucket(this, 'AccessLogs', {
      ...privateBucket,
      // Load balancers and CloudFront support only this encryption.
      encryption: s3.BucketEncryption.S3_MANAGED,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,
      lifecycleRules: [{ expiration: Duration.days(90) }],
    });
    accept(bucket, 'AwsSolutions-S1', 'It is the bucket of the access logs.');
    return bucket;
  }

  /** Grants a login to Postgres with signed tokens, as the application's role. */
  grantDatabase(grantee: iam.IGrantable) {
    const resource = `${this.database.clusterResourceIdentifier}/${databaseRole}`;
    grantee.grantPrincipal.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['rds-db:connect'],
        resources: [
          this.formatArn({
            service: 'rds-db',
            resource: 'dbuser',
            resourceName: resource,
            arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          }),
        ],
      }),
    );
  }

  /** The address of Postgres for that role. A token replaces the password. */
  get databaseUrl() {
    const { hostname, port } = this.database.clusterEndpoint;
    return `postgres://${databaseRole}@${hostname}:${port}/${databaseName}`;
  }

  /** Grants the listed actions on the table, and the use of its key through DynamoDB only. */
  grantMessages(
    grantee: iam.IGrantable,
    { actions, indexActions }: { actions: string[]; indexActions: string[] },
  ) {
    const { tableArn } = this.messages;
    for (const [resource, allowed] of [
      [tableArn, actions],
      [`${tableArn}/index/${inboxIndex}`, indexActions],
    ] as const) {
      if (allowed.length === 0) continue;
      const named = allowed.map((action) => `dynamodb:${action}`);
      grantee.grantPrincipal.addToPrincipalPolicy(
        new iam.PolicyStatement({ actions: named, resources: [resource] }),
      );
    }
    // DynamoDB's documentation requires these actions for writes to a table with a customer's key.
    const writes = [
      'Encrypt',
      'ReEncryptFrom',
      'ReEncryptTo',
      'GenerateDataKey',
      'GenerateDataKeyWithoutPlaintext',
    ];
    const mayWrite = actions.some((action) => /Put|Update|Delete|Write|Insert/.test(action));
    grantee.grantPrincipal.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['Decrypt', 'DescribeKey', ...(mayWrite ? writes : [])].map((action) => `kms:${action}`),
        resources: [this.key.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `dynamodb.${this.region}.amazonaws.com` } },
      }),
    );
  }

  /** Grants reading a secret, and the use of its key through Secrets Manager only. */
  grantSecret(grantee: iam.IGrantable, { secretArn }: secretsmanager.ISecret) {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new iam.PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [secretArn] }),
    );
    grantee.grantPrincipal.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['kms:Decrypt'],
        resources: [this.key.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `secretsmanager.${this.region}.amazonaws.com` } },
      }),
    );
  }
}
