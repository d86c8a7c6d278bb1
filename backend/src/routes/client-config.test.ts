import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createWorld, type World } from '../testing/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

describe('the configuration of clients', () => {
  it('needs no token', async () => {
    const api = await world.node({
      COGNITO_USER_POOL_ID: 'us-east-1_pool',
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://127.0.0.1:4573',
      COGNITO_DEVELOPMENT_CODE: '654321',
      PASSWORD_MIN_LENGTH: '9',
      PASSWORD_CLASSES: 'digit,lowercase',
      MESSAGE_MAX_CHARS: '2000',
    });
    const { status, body } = await api.get('/api/client-config');
    expect(status).toBe(200);
    expect(body).toEqual({
      region: 'us-east-1',
      user_pool_id: 'us-east-1_pool',
      user_pool_client_id: 'test-client',
      cognito_endpoint: 'http://127.0.0.1:4573',
      auth_flows: ['USER_SRP_AUTH', 'USER_PASSWORD_AUTH'],
      development_code: '654321',
      password_policy: { min_length: 9, classes: ['digit', 'lowercase'] },
      realtime_path: '/api/realtime',
      limits: {
        message_max_chars: 2_000,
        title_max_chars: 100,
        display_name_max_chars: 60,
        bio_max_chars: 500,
        group_max_members: 1_000,
      },
    });
  });

  it('asks for the plain password if the local sign-in may not support SRP', async () => {
    const api = await world.node({ AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://127.0.0.1:9229' });
    expect((await api.get('/api/client-config')).body).toMatchObject({ auth_flows: ['USER_PASSWORD_AUTH'] });
  });

  it('never asks for a plain password or shows a code of a sign-in on another machine', async () => {
    for (const [endpoint, shown] of [
      ['', 'https://cognito-idp.us-east-1.amazonaws.com'],
      ['https://cognito.example.com', 'https://cognito.example.com'],
      ['http://localhost.example.com:4573', 'http://localhost.example.com:4573'],
    ] as const) {
      const api = await world.node({
        AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: endpoint,
        COGNITO_DEVELOPMENT_CODE: '654321',
      });
      const { body } = await api.get('/api/client-config');
      expect(body).not.toHaveProperty('development_code');
      expect(body).toMatchObject({ cognito_endpoint: shown, auth_flows: ['USER_SRP_AUTH'] });
    }
  });
});
