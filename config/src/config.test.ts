import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { loadConfig, variables } from './config.ts';

const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
const listed = new Map(
  [...example.matchAll(/^# ([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name, value]) => [name, value]),
);

test('.env.example lists every variable with its default, and no other', () => {
  const defaults = Object.entries(variables).map(([name, { default: value }]) => [name, String(value ?? '')]);
  expect([...listed]).toEqual(defaults);
});

test('.env.example is a configuration that loads', () => {
  expect({ ...loadConfig(Object.fromEntries(listed)) }).toEqual({ ...loadConfig({}) });
});

test('every invalid variable is named, all of them in one error', () => {
  const wrong = { PORT: 'http', RATE_LIMIT_PER_MINUTE: '-1', APPEND_BATCH: 'one by one' };
  expect(() => loadConfig(wrong)).toThrow(/PORT.*RATE_LIMIT_PER_MINUTE|RATE_LIMIT_PER_MINUTE.*PORT/);
  expect(() => loadConfig(wrong)).toThrow('APPEND_BATCH');
});

test('lists are comma separated, and blank parts are ignored', () => {
  const { CORS_ORIGINS } = loadConfig({ CORS_ORIGINS: 'https://one.example, ,https://two.example' });
  expect(CORS_ORIGINS).toEqual(['https://one.example', 'https://two.example']);
});

test('an invalid value from a file is reported with its line', () => {
  const env = { PORT: 'http', HOST: '::', PARLEY_SETTINGS_FROM: 'HOST .env line 1\nPORT .env line 2' };
  expect(() => loadConfig(env)).toThrow('Wrong configuration. .env line 2: PORT: ');
});

test.each([
  ['DATABASE_URL', 'postgres'],
  ['DATABASE_URL', 'localhost:5432/parley'],
  ['AWS_ENDPOINT_URL_DYNAMODB', 'localhost:8000'],
  ['TOKEN_ISSUER', '"https://id.example"'],
  ['RUNNER_URL', 'http://127.0.0.1:1, 127.0.0.1:2'],
  ['DATA_DIR', ' '],
])('an invalid address is refused: %s=%s', (name, value) => {
  expect(() => loadConfig({ [name]: value })).toThrow(name);
});

test('addresses of other servers are accepted', () => {
  const env = {
    DATABASE_URL: 'postgresql:///parley?host=/var/run/postgresql',
    RUNNER_URL: 'http://127.0.0.1:1,http://127.0.0.1:2',
    TOKEN_ISSUER: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x',
  };
  expect(loadConfig(env)).toMatchObject(env);
});

test.each([
  'postgres://parley:pa,ss@db.example/parley',
  'postgres://parley@db.example/parley?options=-c%20search_path=parley,public',
  'postgres://parley@/parley?host=/var/run/postgresql',
])('an address that pg supports is accepted: %s', (DATABASE_URL) => {
  expect(loadConfig({ DATABASE_URL })).toMatchObject({ DATABASE_URL });
});
