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

test('what is wrong is told by its name, all of it at once', () => {
  const wrong = { PORT: 'http', RATE_LIMIT_PER_MINUTE: '-1', APPEND_BATCH: 'one by one' };
  expect(() => loadConfig(wrong)).toThrow(/PORT.*RATE_LIMIT_PER_MINUTE|RATE_LIMIT_PER_MINUTE.*PORT/);
  expect(() => loadConfig(wrong)).toThrow('APPEND_BATCH');
});

test('lists are comma separated, and blank parts are nothing', () => {
  const { CORS_ORIGINS } = loadConfig({ CORS_ORIGINS: 'https://one.example, ,https://two.example' });
  expect(CORS_ORIGINS).toEqual(['https://one.example', 'https://two.example']);
});
