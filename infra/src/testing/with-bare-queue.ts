import { Stack } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { type Bundle, type BundleName, bundleNames } from '../bundles.ts';
import { createParley } from '../parley.ts';
import { readSettings } from '../settings.ts';

/*
 * node --import tsx infra/src/testing/with-bare-queue.ts FOLDER SETTINGS: synthesises Parley with a queue that anybody
 * may read.
 */
const bundleOf = (name: BundleName): [BundleName, Bundle] => [
  name,
  { dir: import.meta.dirname, bytes: 0, sha256: name },
];
const bundles = Object.fromEntries(bundleNames.map(bundleOf)) as Record<BundleName, Bundle>;
const [folder, file = ''] = process.argv.slice(2);
const settings = readSettings(file);
const app = createParley(settings, bundles, folder);
const stack = app.node.findChild(`${settings.name}-watch`);
if (stack instanceof Stack) new Queue(stack, 'Bare');
app.synth();
