import { join } from 'node:path';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { loadConfig } from '@parley/config/config';
import { rdsAuthorities } from '@parley/core/database/rds';
import { createPowertools } from '../aws/powertools.ts';
import { createSecret } from '../aws/secrets.ts';
import { migrateAndGrant } from './handler.ts';

// Runs at each deployment, before the new API starts. The old API still runs then, so a migration may only add to the
// schema; a later release removes.
const config = loadConfig(process.env);
const powertools = createPowertools('migrate', config);
const ownerSecret = createSecret(
  new SecretsManagerClient({ region: config.AWS_REGION }),
  config.DATABASE_OWNER_ARN,
);
/** The build copies the migrations next to the bundle. */
const dir = join(import.meta.dirname, 'migrations');

export const handler = powertools.instrument(async () => {
  const { username: user, password } = JSON.parse(await ownerSecret());
  const { hostname: host, port, pathname, username: appRole } = new URL(config.DATABASE_URL);
  const database = decodeURIComponent(pathname.slice(1));
  const owner = { host, port: Number(port), user, password, database, ssl: { ca: rdsAuthorities } };
  const applied = await migrateAndGrant({ owner, dir, appRole });
  powertools.lines.info({ applied }, 'the schema is up to date');
  return { applied };
});
