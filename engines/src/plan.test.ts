import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '@parley/config/config';
import { planSystem } from './plan.ts';

const plan = (env: Record<string, string> = {}) => planSystem(loadConfig(env), '/data', 'kept secret');

describe('what bin/start runs', () => {
  it('is an embedded engine for everything, on loopback, told to the API and the scripts', () => {
    const { engines, env, ports } = plan({ COGNITO_PORT: '5001' });
    expect(Object.keys(engines)).toEqual(['dynoxide', 'pglite', 'cognito']);
    expect(ports.every(({ host }) => host === '127.0.0.1')).toBe(true);
    expect(env).toMatchObject({
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:4571',
      DATABASE_URL: 'postgres://postgres:postgres@127.0.0.1:4572/postgres',
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://127.0.0.1:5001',
      TOKEN_ISSUER: `http://127.0.0.1:5001/${env.COGNITO_USER_POOL_ID}`,
      CURSOR_SECRETS: 'kept secret',
    });
  });

  it('leaves out what the configuration names a server for', () => {
    const { engines, env, ports } = plan({
      DATABASE_URL: 'postgres://db/parley',
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000',
      TOKEN_ISSUER: 'https://issuer.example',
      COGNITO_USER_POOL_CLIENT_ID: 'client',
    });
    expect(engines).toEqual({});
    expect(ports.map(({ variable }) => variable)).toEqual(['PORT', 'RUNNER_PORT']);
    expect(env).toMatchObject({
      DATABASE_URL: 'postgres://db/parley',
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000',
      TOKEN_ISSUER: 'https://issuer.example',
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: '',
    });
  });

  it('takes the cursor secrets of the configuration over its own', () => {
    expect(plan({ CURSOR_SECRETS: 'new,old' }).env.CURSOR_SECRETS).toBe('new,old');
  });
});
