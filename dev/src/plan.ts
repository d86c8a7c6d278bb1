import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '@parley/config/config';
import {
  cognitoIssuer,
  confirmationCode,
  signInOptions,
  userPoolClientId,
  userPoolId,
} from '../../engines/src/cognito-local.ts';
import type { EngineOptions } from '../../engines/src/launch.ts';
import type { Door } from '../../engines/src/loopback-guard.ts';
import { pgliteTemplate } from '../../engines/src/pglite-template.ts';
import { pidFolder } from './data-dir.ts';
import type { NamedPort } from './ports.ts';
import { type TableEngine, tableFolder } from './table-engine.ts';

const loopback = '127.0.0.1';

type Secrets = {
  cursor: string;
  delivery: string;
  /** The address of the embedded table, behind the guard of its port. */
  tableDoor?: Door | undefined;
};

/** Plans what bin/start runs: an embedded engine for each part without a server in the configuration. */
export function planSystem(
  config: Config,
  dataDir: string,
  secrets: Secrets,
  table: TableEngine | undefined,
) {
  const runnerUrl = `http://${loopback}:${config.RUNNER_PORT}`;
  const engines: Partial<EngineOptions> = {};
  const env: Record<string, string> = {
    AWS_REGION: config.AWS_REGION,
    DDB_MESSAGE_TABLE: config.DDB_MESSAGE_TABLE,
    DDB_RUNNER_TABLE: config.DDB_RUNNER_TABLE,
    HOST: config.HOST,
    PORT: String(config.PORT),
    RUNNER_PORT: String(config.RUNNER_PORT),
    RUNNER_URL: runnerUrl,
    CURSOR_SECRETS: config.CURSOR_SECRETS.join() || secrets.cursor,
    DELIVERY_PORT: String(config.DELIVERY_PORT),
    DELIVERY_SECRETS: config.DELIVERY_SECRETS.join() || secrets.delivery,
    AWS_ENDPOINT_URL_DYNAMODB: config.AWS_ENDPOINT_URL_DYNAMODB,
    DATABASE_URL: config.DATABASE_URL,
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: config.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER,
    COGNITO_USER_POOL_ID: config.COGNITO_USER_POOL_ID,
    COGNITO_USER_POOL_CLIENT_ID: config.COGNITO_USER_POOL_CLIENT_ID,
    TOKEN_ISSUER: config.TOKEN_ISSUER,
    TOKEN_JWKS_URI: config.TOKEN_JWKS_URI,
  };
  if (table) {
    const [dir, port, door] = [tableFolder(dataDir, table.name), config.DYNOXIDE_PORT, secrets.tableDoor];
    const pidFile = join(pidFolder(dataDir), `${table.name}-server.pid`);
    env.AWS_ENDPOINT_URL_DYNAMODB = `http://${loopback}:${port}`;
    if (table.name === 'dynoxide') {
      engines.dynoxide = { port, door, dbPath: join(dir, 'dynoxide.db'), pidFile };
      if (door) env.AWS_ENDPOINT_URL_DYNAMODB = `http://${door.host}:${door.port}`;
    } else {
      engines['dynamodb-local'] = { port, door, jar: table.jar, dir, pidFile };
      // DynamoDB Local answers a transaction before it commits, so a kill would lose an acknowledged entry.
      if (config.APPEND_BATCH === 'auto') env.APPEND_BATCH = 'statements';
    }
  }
  if (!config.DATABASE_URL) {
    const template = existsSync(pgliteTemplate) ? pgliteTemplate : undefined;
    engines.pglite = { port: config.PGLITE_PORT, dir: join(dataDir, 'pglite'), template };
    env.DATABASE_URL = `postgres://postgres:postgres@${loopback}:${config.PGLITE_PORT}/postgres`;
  }
  const hasSignIn =
    config.TOKEN_ISSUER || config.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER || config.COGNITO_USER_POOL_ID;
  if (!hasSignIn) {
    engines.cognito = {
      port: config.COGNITO_PORT,
      dir: join(dataDir, 'cognito'),
      runnerUrl,
      ...signInOptions(config),
    };
    env.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER = `http://${loopback}:${config.COGNITO_PORT}`;
    env.COGNITO_USER_POOL_ID = userPoolId;
    env.COGNITO_USER_POOL_CLIENT_ID = userPoolClientId;
    env.COGNITO_DEVELOPMENT_CODE = confirmationCode;
    env.TOKEN_ISSUER = cognitoIssuer(config.COGNITO_PORT);
  }
  const ports: NamedPort[] = [
    { variable: 'PORT', port: config.PORT, host: config.HOST },
    { variable: 'RUNNER_PORT', port: config.RUNNER_PORT, host: config.RUNNER_HOST },
    { variable: 'DELIVERY_PORT', port: config.DELIVERY_PORT, host: config.DELIVERY_HOST },
  ];
  if (table) ports.push({ variable: 'DYNOXIDE_PORT', port: config.DYNOXIDE_PORT, host: loopback });
  if (engines.pglite) ports.push({ variable: 'PGLITE_PORT', port: config.PGLITE_PORT, host: loopback });
  if (engines.cognito) ports.push({ variable: 'COGNITO_PORT', port: config.COGNITO_PORT, host: loopback });
  return { engines, env, ports };
}

export type Plan = ReturnType<typeof planSystem>;
