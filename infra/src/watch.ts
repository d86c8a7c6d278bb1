import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as budgets from 'aws-cdk-lib/aws-budgets';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { type Watch, type Watched, watches } from './alarms.ts';
import { dashboardRows } from './dashboard.ts';
import type { Settings } from './settings.ts';

/** Alarms, a dashboard and a budget. Each alarm sends an e-mail that names the paragraph to read. */
export class WatchStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    props: StackProps,
    settings: Settings,
    parts: Omit<Watched, 'givenUpRule'>,
  ) {
    super(scope, id, props);
    const { name } = settings;
    const topic = this.topic(settings);
    const givenUpRule = `${name}-given-up`;
    new events.Rule(this, 'GivenUp', {
      ruleName: givenUpRule,
      description: 'A batch of the stream was given up and is in the bucket',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [parts.data.givenUp.bucketName] } },
      },
    });
    const watched = watches({ ...parts, givenUpRule });
    for (const watch of watched) this.alarm(name, topic, watch);
    new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: name,
      defaultInterval: Duration.hours(3),
      widgets: dashboardRows(parts, watched),
    });
    this.budget(settings);
  }

  private topic({ name, alarmEmail }: Settings) {
    const key = new kms.Key(this, 'TopicKey', { alias: `${name}-alarms`, enableKeyRotation: true });
    key.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    );
    const topic = new sns.Topic(this, 'Alarms', {
      topicName: `${name}-alarms`,
      masterKey: key,
      enforceSSL: true,
    });
    topic.addSubscription(new EmailSubscription(alarmEmail));
    return topic;
  }

  private alarm(
    prefix: string,
    topic: sns.Topic,
    { name, metric, threshold, minutes, comparison, missing }: Watch,
  ) {
    const alarm = new cloudwatch.Alarm(this, name.replace(/\W+/g, ''), {
      alarmName: `${prefix}: ${name}`,
      alarmDescription: `docs/operations.md#${anchorOf(name)}`,
      metric,
      threshold,
      evaluationPeriods: minutes,
      comparisonOperator: comparison ?? cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: missing ?? cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
  }

  /** Sends a notice at 80 % of the budget spent, and when the forecast reaches 100 %. */
  private budget({ name, monthlyBudgetUsd, alarmEmail }: Settings) {
    const notify = (notificationType: string, threshold: number) => ({
      notification: {
        notificationType,
        threshold,
        comparisonOperator: 'GREATER_THAN',
        thresholdType: 'PERCENTAGE',
      },
      subscribers: [{ subscriptionType: 'EMAIL', address: alarmEmail }],
    });
    new budgets.CfnBudget(this, 'Budget', {
      budget: {
        budgetName: `${name}-monthly`,
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: monthlyBudgetUsd, unit: 'USD' },
      },
      notificationsWithSubscribers: [notify('ACTUAL', 80), notify('FORECASTED', 100)],
    });
  }
}

/** The anchor that GitHub makes for a heading. */
export const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
