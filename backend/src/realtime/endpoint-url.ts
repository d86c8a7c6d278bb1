import { networkInterfaces } from 'node:os';
import type { Config } from '@parley/config/config';
import { z } from '@parley/contract/zod';

type EndpointConfig = Pick<Config, 'DELIVERY_URL' | 'DELIVERY_HOST' | 'ECS_CONTAINER_METADATA_URI_V4'>;

/** The URL at which others reach the delivery endpoint. Rejects if a task on ECS cannot find its address. */
export async function endpointUrl(config: EndpointConfig, port: number): Promise<string> {
  const { DELIVERY_URL, DELIVERY_HOST, ECS_CONTAINER_METADATA_URI_V4: metadataUri } = config;
  if (DELIVERY_URL) return DELIVERY_URL.replace(/\/$/, '');
  const host = DELIVERY_HOST === '0.0.0.0' ? await ownAddress(metadataUri) : DELIVERY_HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** A task on Fargate has a second, link-local address that others cannot reach. Only the metadata tells them apart. */
async function ownAddress(metadataUri: string): Promise<string> {
  if (metadataUri) return taskAddress(metadataUri);
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const own = addresses.find(
    ({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('169.254.'),
  );
  return own?.address ?? '127.0.0.1';
}

const metadata = z.object({
  Networks: z.array(z.object({ IPv4Addresses: z.array(z.ipv4()).min(1) })).min(1),
});

async function taskAddress(metadataUri: string): Promise<string> {
  const response = await fetch(metadataUri, { signal: AbortSignal.timeout(5_000) });
  const address = metadata.safeParse(await response.json()).data?.Networks[0]?.IPv4Addresses[0];
  if (!address) throw new Error("the task's metadata has no address: set DELIVERY_URL");
  return address;
}
