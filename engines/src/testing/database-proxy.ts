import { connect, createServer, type Socket } from 'node:net';

/**
 * A proxy for a database that a test can cut (it breaks and refuses connections) or freeze (it stops answering), at once
 * or from the first request that contains a text.
 */
export async function createDatabaseProxy(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let state: 'open' | 'cut' | 'frozen' = 'open';
  let freezingText: string | undefined;

  const server = createServer((socket) => {
    track(socket);
    if (state === 'cut') socket.destroy();
    if (state !== 'open') return;
    const upstream = track(connect(Number(target.port || 5432), target.hostname));
    socket.on('data', (data) => {
      if (freezingText && data.includes(freezingText)) state = 'frozen';
      if (state === 'open') upstream.write(data);
    });
    upstream.on('data', (data) => state === 'open' && socket.write(data));
    socket.on('close', () => upstream.destroy());
    upstream.on('close', () => socket.destroy());
  });

  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    return socket.on('close', () => sockets.delete(socket));
  };
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (!address || typeof address === 'string') throw new Error('The proxy has no port');
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(address.port);

  return {
    url: url.href,
    cut() {
      state = 'cut';
      breakAll();
    },
    freeze() {
      state = 'frozen';
    },
    freezeAt(text: string) {
      freezingText = text;
    },
    restore() {
      state = 'open';
      freezingText = undefined;
      breakAll();
    },
    close() {
      breakAll();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
