import { createServer } from 'node:http';
import { urlOf } from '../http/server.ts';

export async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = new URL(urlOf(server));
  await new Promise((resolve) => server.close(resolve));
  return port;
}
