import WebSocket from 'ws';
import { answerParent } from '../worker.ts';
import { createDriver, type Load, type LoadResult, text60 } from './drive.ts';

/** The client of floor (c): it sends frames of a message's size to a bare `ws` server, which echoes them. */
answerParent<{ url: string; sockets: number } | { load: Load }, LoadResult | undefined>(async (question) => {
  if ('load' in question) return driver?.run(question.load);
  const sockets = Array.from({ length: question.sockets }, () => new WebSocket(question.url));
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('open', resolve))));
  driver = createDriver(
    sockets.map((socket) => ({ send: (id) => socket.send(JSON.stringify({ id, message: text60 })) })),
  );
  for (const socket of sockets)
    socket.on('message', (data) => driver?.arrived((JSON.parse(String(data)) as { id: number }).id));
  return undefined;
});

let driver: ReturnType<typeof createDriver> | undefined;
