import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { endpointUrl } from './endpoint-url.ts';

/** The relevant parts of the answer of Fargate's metadata endpoint. */
const container = {
  DockerId: 'cd189a933e5849daa93386466019ab50-2495160603',
  Name: 'api',
  Networks: [{ NetworkMode: 'awsvpc', IPv4Addresses: ['10.0.2.61'], DomainNameServers: ['10.0.0.2'] }],
};

let answer: unknown = container;
const server = createServer((_req, res) => res.end(JSON.stringify(answer)));
let metadataUri: string;
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  metadataUri = `http://127.0.0.1:${(server.address() as { port: number }).port}/v4/cd189a93`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const config = (given: Partial<Parameters<typeof endpointUrl>[0]>) => ({
  DELIVERY_URL: '',
  DELIVERY_HOST: '127.0.0.1',
  ECS_CONTAINER_METADATA_URI_V4: '',
  ...given,
});

test('a task on ECS uses the address in its metadata', async () => {
  const task = config({ DELIVERY_HOST: '0.0.0.0', ECS_CONTAINER_METADATA_URI_V4: metadataUri });
  expect(await endpointUrl(task, 4570)).toBe('http://10.0.2.61:4570');
});

test('a task that cannot find its address does not start', async () => {
  answer = { Networks: [] };
  const task = config({ DELIVERY_HOST: '0.0.0.0', ECS_CONTAINER_METADATA_URI_V4: metadataUri });
  await expect(endpointUrl(task, 4570)).rejects.toThrow('set DELIVERY_URL');
});

test('elsewhere the URL has the configured address or that of the machine, never a link-local one', async () => {
  expect(await endpointUrl(config({ DELIVERY_URL: 'http://10.1.1.1:9/' }), 1)).toBe('http://10.1.1.1:9');
  expect(await endpointUrl(config({}), 4570)).toBe('http://127.0.0.1:4570');
  expect(await endpointUrl(config({ DELIVERY_HOST: '::1' }), 4570)).toBe('http://[::1]:4570');
  const url = new URL(await endpointUrl(config({ DELIVERY_HOST: '0.0.0.0' }), 4570));
  expect(url.hostname).not.toMatch(/^(169\.254\.|0\.0\.0\.0)/);
});
