import { App, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ApiStack } from './api.ts';
import type { Bundle, BundleName } from './bundles.ts';
import { DataStack } from './data.ts';
import { EdgeStack } from './edge.ts';
import { FirewallStack } from './firewall.ts';
import { NetworkStack } from './network.ts';
import type { Settings } from './settings.ts';
import { SignInStack } from './sign-in.ts';
import { StreamStack } from './stream.ts';
import { WatchStack } from './watch.ts';

/** Stacks with data that cannot be created again. They cannot be destroyed by accident. */
export const statefulStacks = ['data', 'sign-in'];
/** All stacks, in the order of deployment. */
export const stackNames = ['network', 'data', 'sign-in', 'stream', 'api', 'firewall', 'edge', 'watch'];

/** All of Parley on AWS. Needs no account and no Docker, because the image is built only during deployment. */
export function createParley(settings: Settings, bundles: Record<BundleName, Bundle>, outdir?: string): App {
  const { name, account, region } = settings;
  const app = new App({ outdir, analyticsReporting: false });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));
  const idOf = (part: string) => `${name}-${part}`;
  const props = { env: { account, region } };

  const network = new NetworkStack(app, idOf('network'), props, settings);
  const data = new DataStack(app, idOf('data'), props, settings, network);
  const signIn = new SignInStack(app, idOf('sign-in'), props, settings, {
    network,
    data,
    bundles,
  });
  const stream = new StreamStack(app, idOf('stream'), props, settings, {
    network,
    data,
    bundle: bundles['message-stream'],
    drift: bundles.drift,
  });
  const api = new ApiStack(app, idOf('api'), props, settings, {
    network,
    data,
    signIn,
    migrate: bundles.migrate,
  });
  // The edge reads the firewall's ARN across regions unless both are in us-east-1.
  const crossRegionReferences = region !== 'us-east-1';
  const inVirginia = { env: { account, region: 'us-east-1' }, crossRegionReferences };
  const firewall = new FirewallStack(app, idOf('firewall'), inVirginia, settings);
  new EdgeStack(app, idOf('edge'), { ...props, crossRegionReferences }, settings, { api, data, firewall });
  new WatchStack(app, idOf('watch'), props, settings, { data, signIn, stream, api });
  Tags.of(app).add('project', name);
  return app;
}
