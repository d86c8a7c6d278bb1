import { join } from 'node:path';
import { buildBundles, bundleNames, root } from './bundles.ts';
import { runBare } from './testing/bare-node.ts';

/*
 * Builds the Lambdas into infra/dist/lambdas. Prints the size and the hash of each, and the median of seven load times
 * in a bare Node process, in milliseconds.
 */
const built = await buildBundles(join(root, 'infra/dist/lambdas'));
const env = {
  DELIVERY_SECRETS: 'for-this-measurement',
  DATABASE_URL: 'postgres://parley@127.0.0.1:1/parley',
  DATABASE_AUTH: 'iam',
};
for (const name of bundleNames) {
  const { dir, bytes, sha256 } = built[name];
  const times: number[] = [];
  for (let run = 0; run < 7; run += 1) times.push((await runBare({ dir, env })).initMs);
  const median = times.sort((one, other) => one - other)[3] ?? Number.NaN;
  const kilobytes = (bytes / 1024).toFixed(0).padStart(5);
  process.stdout.write(
    `${name.padEnd(18)} ${kilobytes} KB  ${median.toFixed(0).padStart(4)} ms  sha256 ${sha256}\n`,
  );
}
