import { Stack, type StackProps } from 'aws-cdk-lib';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import type { Settings } from './settings.ts';

/**
 * How many requests an address may send in five minutes. An office of a hundred people behind one address stays below
 * both limits. Frames of sockets are not counted here, because the nodes count them by person.
 */
const perAddress = { requests: 10_000, handshakes: 1_000 };
const windowSeconds = 300;

/** The firewall of CloudFront, which exists only in us-east-1. */
export class FirewallStack extends Stack {
  readonly aclArn: string;

  constructor(scope: Construct, id: string, props: StackProps, { name }: Settings) {
    super(scope, id, props);
    const metrics = (metricName: string) => ({
      cloudWatchMetricsEnabled: true,
      metricName,
      sampledRequestsEnabled: false,
    });
    const limit = (
      rule: string,
      priority: number,
      limit: number,
      scopeDownStatement?: wafv2.CfnWebACL.StatementProperty,
    ) => ({
      name: rule,
      priority,
      statement: {
        rateBasedStatement: {
          limit,
          evaluationWindowSec: windowSeconds,
          aggregateKeyType: 'IP',
          ...(scopeDownStatement && { scopeDownStatement }),
        },
      },
      action: { block: { customResponse: tooMany } },
      visibilityConfig: metrics(rule),
    });
    const acl = new wafv2.CfnWebACL(this, 'Acl', {
      name: `${name}-edge`,
      scope: 'CLOUDFRONT',
      defaultAction: { allow: {} },
      customResponseBodies: {
        limited: { contentType: 'APPLICATION_JSON', content: '["rate_limited"]' },
      },
      rules: [
        limit('Handshakes', 1, perAddress.handshakes, startsWith('/api/realtime')),
        limit('Requests', 2, perAddress.requests),
      ],
      visibilityConfig: metrics('Edge'),
    });
    this.aclArn = acl.attrArn;
  }
}

/** The same answer as the API's. */
const tooMany = {
  responseCode: 429,
  customResponseBodyKey: 'limited',
  responseHeaders: [{ name: 'Retry-After', value: '60' }],
};

const startsWith = (searchString: string): wafv2.CfnWebACL.StatementProperty => ({
  byteMatchStatement: {
    searchString,
    positionalConstraint: 'STARTS_WITH',
    fieldToMatch: { uriPath: {} },
    textTransformations: [{ priority: 0, type: 'NONE' }],
  },
});
