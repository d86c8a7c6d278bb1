import { Stack, type StackProps } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as targets from 'aws-cdk-lib/aws-route53-targets';
import type { Construct } from 'constructs';
import { accept } from './acknowledge.ts';
import type { ApiStack } from './api.ts';
import type { DataStack } from './data.ts';
import type { FirewallStack } from './firewall.ts';
import { edgeHeader } from './names.ts';
import type { Settings } from './settings.ts';

/**
 * The browser chat at the edge. Its files come from the API's image, so that a page and its API always have the same
 * version. The edge caches files with a hash in their name, and forwards everything else.
 */
export class EdgeStack extends Stack {
  readonly distribution: cloudfront.Distribution;

  constructor(
    scope: Construct,
    id: string,
    props: StackProps,
    settings: Settings,
    { api, data, firewall }: { api: ApiStack; data: DataStack; firewall: FirewallStack },
  ) {
    super(scope, id, props);
    const { domain, hostedZoneId, hostedZoneName: zoneName, edgeCertificateArn } = settings;
    const apiDomain = `api.${domain}`;
    const zone = route53.HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId, zoneName });
    const origin = new origins.HttpOrigin(apiDomain, {
      protocolPolicy: cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
      originSslProtocols: [cloudfront.OriginSslPolicy.TLS_V1_2],
      customHeaders: { [edgeHeader]: data.edgeSecretValue },
    });
    const shared = {
      origin,
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      originRequestPolicy: cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
    };
    this.distribution = new cloudfront.Distribution(this, 'Chat', {
      domainNames: [domain],
      certificate: acm.Certificate.fromCertificateArn(this, 'Certificate', edgeCertificateArn),
      minimumProtocolVersion: cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
      httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
      webAclId: firewall.aclArn,
      logBucket: data.accessLogs,
      logFilePrefix: 'edge/',
      defaultBehavior: {
        ...shared,
        allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
        cachePolicy: cloudfront.CachePolicy.CACHING_DISABLED,
      },
      additionalBehaviors: {
        '/assets/*': { ...shared, cachePolicy: cloudfront.CachePolicy.CACHING_OPTIMIZED, compress: true },
      },
    });
    accept(this.distribution, 'AwsSolutions-CFR1', 'The chat is open to people in every country.');
    const chat = route53.RecordTarget.fromAlias(new targets.CloudFrontTarget(this.distribution));
    for (const Record of [route53.ARecord, route53.AaaaRecord])
      new Record(this, `Chat${Record.name}`, { zone, recordName: domain, target: chat });
    new route53.ARecord(this, 'ApiRecord', {
      zone,
      recordName: apiDomain,
      target: route53.RecordTarget.fromAlias(new targets.LoadBalancerTarget(api.balancer)),
    });
  }
}
