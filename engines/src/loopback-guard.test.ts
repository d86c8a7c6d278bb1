import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import getPort from 'get-port';
import { launch } from './launch.ts';
import { type Door, findHiddenDoor } from './loopback-guard.ts';

let folder: string;
let port: number;
let door: Door;
let engine: { url: string; stop(): Promise<void> };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-guard-'));
  port = await getPort();
  door = await findHiddenDoor();
  engine = await launch('dynoxide', { port, door, dbPath: join(folder, 'dynoxide.db') });
});
afterAll(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true });
});

const target = {
  'X-Amz-Target': 'DynamoDB_20120810.ListTables',
  'Content-Type': 'application/x-amz-json-1.0',
};

function ask(method: string, headers: Record<string, string>, agent?: Agent) {
  return new Promise<IncomingMessage | undefined>((resolve) => {
    const asked = request({ port, method, headers: { ...target, ...headers }, agent }, (answer) => {
      answer.resume().once('end', () => resolve(answer));
    });
    asked.once('error', () => resolve(undefined));
    asked.end(method === 'POST' ? '{}' : undefined);
  });
}

async function listTables(endpoint: string) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ region: 'us-east-1', endpoint, credentials });
  const answers = [
    await client.send(new ListTablesCommand({})),
    await client.send(new ListTablesCommand({})),
  ];
  client.destroy();
  return answers.map(({ TableNames }) => TableNames);
}

describe('the port of the embedded table', () => {
  it('serves programs, and so does the hidden door', async () => {
    expect(await listTables(`http://127.0.0.1:${port}`)).toEqual([[], []]);
    expect(await listTables(engine.url)).toEqual([[], []]);
    expect(engine.url).toBe(`http://${door.host}:${door.port}`);
    const doors = await Promise.all(Array.from({ length: 20 }, findHiddenDoor));
    expect(new Set(doors.map(({ host, port }) => `${host}:${port}`)).size).toBe(20);
  });

  it.each([
    [
      'asks beforehand',
      'OPTIONS',
      { Origin: 'http://evil.example', 'Access-Control-Request-Method': 'POST' },
    ],
    ['posts', 'POST', { Origin: 'http://evil.example' }],
    ['posts from a file or a frame', 'POST', { Origin: 'null' }],
    ['posts under a name of its own', 'POST', { Host: 'evil.example' }],
    ['posts without an origin', 'POST', { 'Sec-Fetch-Site': 'same-origin' }],
    ['shows an image', 'GET', {}],
  ])('refuses a page that %s', async (_, method, headers) => {
    const answer = await ask(method, headers);
    expect(answer?.statusCode).toBe(403);
    expect(answer?.headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('refuses requests after an image on the same connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const first = await ask('GET', {}, agent);
    const second = await ask('POST', { Origin: 'http://evil.example' }, agent);
    agent.destroy();
    expect([first?.statusCode, second?.statusCode]).toEqual([403, 403]);
  });
});
