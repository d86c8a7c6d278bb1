import { createServer, type Server } from 'node:net';
import { StartError } from '../../engines/src/start-error.ts';

export type NamedPort = { variable: string; port: number; host: string };

/** Refuses to start if a port is taken, and names the variable that changes it. */
export async function assertPortsFree(ports: readonly NamedPort[]) {
  for (const { variable, port } of ports) {
    const twin = ports.find((other) => other.port === port && other.variable !== variable);
    if (twin)
      throw new StartError(`${variable} and ${twin.variable} are both ${port}. Give each its own port.`);
  }
  await Promise.all(ports.map(assertFree));
}

async function assertFree({ variable, port, host }: NamedPort) {
  const server = createServer();
  try {
    await listen(server, port, host);
    await new Promise((resolve) => server.close(resolve));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new StartError(`Port ${port} is taken by another program. Set ${variable} to a free one.`);
    }
    throw new StartError(`Cannot listen on ${host}:${port} (${variable}): ${message}`);
  }
}

function listen(server: Server, port: number, host: string) {
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}
