import { Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { accept } from './acknowledge.ts';
import type { Bundle, BundleName } from './bundles.ts';
import type { DataStack } from './data.ts';
import { bundledFunction } from './functions.ts';
import type { NetworkStack } from './network.ts';
import type { Settings } from './settings.ts';

type Trigger = Extract<BundleName, 'post-confirmation' | 'pre-sign-up'>;
type Parts = { network: NetworkStack; data: DataStack; bundles: Record<Trigger, Bundle> };

/** The user pool and its triggers, which cannot be deployed separately because the pool names them. */
export class SignInStack extends Stack {
  readonly pool: cognito.UserPool;
  readonly client: cognito.UserPoolClient;
  readonly postConfirmation: lambda.Function;

  constructor(scope: Construct, id: string, props: StackProps, settings: Settings, parts: Parts) {
    super(scope, id, { ...props, terminationProtection: true });
    const { name } = settings;
    this.pool = new cognito.UserPool(this, 'Pool', {
      userPoolName: name,
      selfSignUpEnabled: true,
      signInAliases: { email: true },
      autoVerify: { email: true },
      signInCaseSensitive: false,
      standardAttributes: { email: { required: true, mutable: true } },
      // Equal to the defaults of PASSWORD_MIN_LENGTH and PASSWORD_CLASSES, which the sign-in page shows.
      passwordPolicy: {
        minLength: 12,
        requireLowercase: true,
        requireUppercase: true,
        requireDigits: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(3),
      },
      mfa: cognito.Mfa.OPTIONAL,
      mfaSecondFactor: { otp: true, sms: false },
      accountRecovery: cognito.AccountRecovery.EMAIL_ONLY,
      keepOriginal: { email: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    accept(this.pool, 'AwsSolutions-COG2', 'A second factor is optional for everybody.');
    accept(
      this.pool,
      'AwsSolutions-COG3',
      'Threat protection needs a more expensive plan of Cognito; the operator decides.',
    );
    accept(this.pool, 'AwsSolutions-COG8', 'The plan is a question of price; the operator decides.');

    this.client = this.pool.addClient('Web', {
      userPoolClientName: `${name}-web`,
      // A browser cannot keep a secret. SRP never sends the password.
      generateSecret: false,
      authFlows: { userSrp: true },
      enableTokenRevocation: true,
      preventUserExistenceErrors: true,
      accessTokenValidity: Duration.hours(1),
      idTokenValidity: Duration.hours(1),
      refreshTokenValidity: Duration.days(30),
      disableOAuth: true,
    });

    this.postConfirmation = this.trigger('PostConfirmation', 'post-confirmation', settings, parts);
    this.pool.addTrigger(cognito.UserPoolOperation.POST_CONFIRMATION, this.postConfirmation);
    const preSignUp = this.trigger('PreSignUp', 'pre-sign-up', settings, parts);
    this.pool.addTrigger(cognito.UserPoolOperation.PRE_SIGN_UP, preSignUp);
  }

  private trigger(id: string, trigger: Trigger, { name, logLevel }: Settings, parts: Parts) {
    const { network, data, bundles } = parts;
    const fn = bundledFunction(this, id, {
      name: `${name}-${trigger}`,
      bundle: bundles[trigger],
      network,
      group: network.groups.people,
      // Cognito waits five seconds, and tries three times.
      timeout: Duration.seconds(5),
      memoryMiB: 512,
      logLevel,
      environment: { DATABASE_URL: data.databaseUrl, DATABASE_AUTH: 'iam' },
    });
    data.grantDatabase(fn);
    return fn;
  }
}
