import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '@parley/config/config';
import { planSystem } from './plan.ts';
import type { TableEngine } from './table-engine.ts';

const secrets = { cursor: 'kept secret', delivery: 'kept delivery secret' };
const plan = (env: Record<string, string> = {}, table?: TableEngine) =>
  planSystem(loadConfig(env), '/data', secrets, table);

describe('what bin/start runs', () => {
  it('is an embedded engine for everything, on loopback, with its addresses for the API and the scripts', () => {
    const { engines, env, ports } = plan({ COGNITO_PORT: '5001' }, { name: 'dynoxide' });
    expect(Object.keys(engines)).toEqual(['dynoxide', 'pglite', 'cognito']);
    expect(ports.every(({ host }) => host === '127.0.0.1')).toBe(true);
    expect(env).toMatchObject({
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:4571',
      DATABASE_URL: 'postgres://postgres:postgres@127.0.0.1:4572/postgres',
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://127.0.0.1:5001',
      TOKEN_ISSUER: `http://127.0.0.1:5001/${env.COGNITO_USER_POOL_ID}`,
      CURSOR_SECRETS: 'kept secret',
      DELIVERY_SECRETS: 'kept delivery secret',
    });
  });

  it('accepts only pages that the API serves or accepts, and requires passwords as on AWS', () => {
    const { engines } = plan({ HOST: '0.0.0.0', PORT: '4600', CORS_ORIGINS: 'http://localhost:5173' });
    expect(engines.cognito).toMatchObject({
      origins: [
        'http://127.0.0.1:4600',
        'http://localhost:4600',
        'http://[::1]:4600',
        'http://0.0.0.0:4600',
        'http://localhost:5173',
      ],
      passwordPolicy: { minLength: 12, classes: ['lowercase', 'uppercase', 'digit', 'symbol'] },
    });
  });

  it('puts DynamoDB Local into a folder of its own, behind the same address', () => {
    const { engines, env } = plan({}, { name: 'dynamodb-local', jar: '/opt/DynamoDBLocal.jar' });
    expect(Object.keys(engines)).toEqual(['dynamodb-local', 'pglite', 'cognito']);
    expect(engines['dynamodb-local']).toEqual({
      port: 4571,
      jar: '/opt/DynamoDBLocal.jar',
      dir: '/data/dynamodb-local',
      pidFile: '/data/pids/dynamodb-local-server.pid',
    });
    expect(env).toMatchObject({
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:4571',
      APPEND_BATCH: 'statements',
    });
  });

  it('leaves out engines for which the configuration names a server', () => {
    const { engines, env, ports } = plan({
      DATABASE_URL: 'postgres://db/parley',
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000',
      TOKEN_ISSUER: 'https://issuer.example',
      COGNITO_USER_POOL_CLIENT_ID: 'client',
    });
    expect(engines).toEqual({});
    expect(ports.map(({ variable }) => variable)).toEqual(['PORT', 'RUNNER_PORT', 'DELIVERY_PORT']);
    expect(env).toMatchObject({
      DATABASE_URL: 'postgres://db/parley',
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000',
      TOKEN_ISSUER: 'https://issuer.example',
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: '',
    });
  });

  it('prefers the secrets of the configuration', () => {
    const { env } = plan({ CURSOR_SECRETS: 'new,old', DELIVERY_SECRETS: 'one,two' });
    expect([env.CURSOR_SECRETS, env.DELIVERY_SECRETS]).toEqual(['new,old', 'one,two']);
  });
});
