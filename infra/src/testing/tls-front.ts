import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';

/** Without a certificate: both sides agree on a cipher that asks for none. */
const ciphers = 'aNULL:@SECLEVEL=0';

/** For the process that connects to a front: Node's defaults, which what a bundle says of authorities leaves alone. */
export const anonymousTls = {
  NODE_OPTIONS: `--tls-cipher-list=${ciphers} --tls-max-v1.2 --no-warnings`,
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
};

/**
 * Speaks TLS before a Postgres that does not: it grants the wish that a connection begins with, and passes on the rest.
 */
export async function startTlsFront(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const secureContext = createSecureContext({ ciphers, maxVersion: 'TLSv1.2', dhparam: 'auto' });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('data', () => {
      socket.write('S');
      const secure = new TLSSocket(socket, { isServer: true, secureContext });
      const upstream = connect(Number(target.port || 5432), target.hostname);
      pipeline(secure, upstream, secure, () => socket.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${port}`;
  return {
    url,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
