import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startPlainPostgres, tlsRequest } from '@parley/engines/testing/plain-postgres';
import pg from 'pg';
import { iamConnection } from './rds.ts';

const saved = { ...process.env };
beforeEach(() => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' });
});
afterEach(() => {
  process.env = { ...saved };
});

const address = 'postgres://parley@db.example.com:5433/parley';

test('each connection signs a token for its server, port and user', async () => {
  const { password, ...connection } = iamConnection('eu-central-1', address);
  expect(connection).toMatchObject({
    host: 'db.example.com',
    port: 5433,
    user: 'parley',
    database: 'parley',
  });
  const token = typeof password === 'function' ? await password() : '';
  const url = new URL(`https://${token}`);
  expect([url.host, url.searchParams.get('Action'), url.searchParams.get('DBUser')]).toEqual([
    'db.example.com:5433',
    'connect',
    'parley',
  ]);
  expect(url.searchParams.get('X-Amz-Credential')).toContain('/eu-central-1/rds-db/aws4_request');
  expect(url.searchParams.get('X-Amz-Expires')).toBe('900');
});

test('a server without TLS is not sent a token', async () => {
  const server = await startPlainPostgres();
  const client = new pg.Client(iamConnection('us-east-1', server.url));
  await expect(client.connect()).rejects.toThrow('does not support SSL');
  await client.end();
  server.close();
  expect(server.received).toEqual([tlsRequest]);
});
