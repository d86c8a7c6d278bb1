import { Writable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createWorld, type TestPerson, type World } from '../testing/world.ts';
import { createLogger } from './logger.ts';

let lines: string[] = [];
const destination = new Writable({
  write(chunk, _encoding, done) {
    lines.push(String(chunk));
    done();
  },
});

let world: World;
let api: Awaited<ReturnType<World['node']>>;
let ada: TestPerson;
beforeAll(async () => {
  world = await createWorld();
  api = await world.node({}, createLogger('info', destination));
  ada = await world.person('ada');
});
afterAll(() => world.close());
beforeEach(() => {
  lines = [];
});

const levels = { warn: 40, info: 30, error: 50 };
const line = () => JSON.parse(lines.at(-1) ?? '{}');

describe('the log', () => {
  it('has a line for each request, with its id and without query, token, key and body', async () => {
    await world.person('ben');
    await api.post('/api/messages?cursor=hidden-query', {
      as: ada,
      body: { handle: 'ben', message: 'hidden-message' },
      key: 'hidden-key',
      headers: { Cookie: 'session=hidden-cookie', 'X-Request-Id': 'trace-1' },
    });
    expect(lines).toHaveLength(1);
    expect(line()).toMatchObject({
      level: levels.info,
      service: 'backend',
      request_id: 'trace-1',
      method: 'POST',
      path: '/api/messages',
      status: 200,
      ms: expect.any(Number),
    });
    expect(lines.join()).not.toContain('hidden');
    expect(lines.join()).not.toContain(ada.token.slice(0, 20));
  });

  it('logs the mistakes of a caller as info, and probes as debug', async () => {
    await api.get('/api/profile');
    await api.post('/api/messages', { as: ada, raw: '{"message":"hidden' });
    await api.get('/api/nope');
    expect(lines.map((each) => JSON.parse(each).level)).toEqual([levels.info, levels.info, levels.info]);
    expect(lines.join()).not.toContain('hidden');
    lines = [];
    await api.get('/api/health-check');
    expect(lines).toEqual([]);
  });

  it('logs an unreachable store as a warning, with the cause', async () => {
    const node = await world.node(
      { AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9' },
      createLogger('info', destination),
    );
    lines = [];
    await node.get('/api/message_groups', { as: ada });
    expect(line()).toMatchObject({ level: levels.warn, status: 503, err: { code: 'ECONNREFUSED' } });
  });

  it('logs only bugs as errors, with the cause and the request', async () => {
    const node = await world.node({ DDB_MESSAGE_TABLE: 'no-such-table' }, createLogger('info', destination));
    lines = [];
    const { headers } = await node.get('/api/message_groups', { as: ada });
    expect(lines).toHaveLength(1);
    expect(line()).toMatchObject({
      level: levels.error,
      status: 500,
      request_id: headers.get('X-Request-Id'),
      err: { type: 'ResourceNotFoundException', stack: expect.any(String) },
    });
    expect(Object.keys(line().err).sort()).toEqual(['message', 'stack', 'type']);
  });
});
