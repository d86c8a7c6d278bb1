import WebSocket from 'ws';
import { answerParent } from '../worker.ts';
import { createDriver, type Load, type LoadResult, text60 } from './drive.ts';

export type SocketPlan = {
  url: string;
  /** The token of each person who connects. */
  tokens: string[];
  /** Lanes from one person to another, by their index. Each message reaches `receivers` people. */
  lanes: { from: number; to: number; messageGroupUuid: string }[];
  receivers: number;
};

/** Opens the sockets of a plan. A later question with a load measures over them. */
answerParent<{ plan: SocketPlan } | { load: Load }, LoadResult | undefined>(async (question) => {
  if ('load' in question) return driver?.run(question.load);
  driver = await connectAll(question.plan);
  return undefined;
});

let driver: ReturnType<typeof createDriver> | undefined;

async function connectAll({ url, tokens, lanes, receivers }: SocketPlan) {
  const sockets: WebSocket[] = [];
  for (let index = 0; index < tokens.length; index += 50)
    sockets.push(...(await Promise.all(tokens.slice(index, index + 50).map((token) => connect(url, token)))));
  const created = createDriver(
    lanes.map(({ from, messageGroupUuid }) => ({
      send: (id) => {
        const payload = { message: `#${id}# ${text60}`.slice(0, 60), message_group_uuid: messageGroupUuid };
        sockets[from]?.send(JSON.stringify({ id: String(id), action: 'message.send', payload }));
      },
    })),
  );
  const left = new Map<number, number>();
  const receiving = new Set(receivers === 1 ? lanes.map(({ to }) => to) : sockets.keys());
  for (const index of receiving)
    sockets[index]?.on('message', (data) => {
      const id = createdId(data as Buffer);
      if (id === undefined) return;
      const remaining = (left.get(id) ?? receivers) - 1;
      if (remaining > 0) left.set(id, remaining);
      else left.delete(id);
      created.arrived(id, remaining === 0);
    });
  return created;
}

/** The number of the message in a `message.created` frame, or undefined for other frames. */
function createdId(frame: Buffer): number | undefined {
  const text = frame.toString('latin1');
  if (!text.includes('"message.created"')) {
    if (text.includes('"success":false')) throw new Error(`refused: ${text}`);
    return undefined;
  }
  const start = text.indexOf('"#');
  return start < 0 ? undefined : Number(text.slice(start + 2, text.indexOf('#', start + 2)));
}

function connect(url: string, token: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/realtime`, { perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', () =>
      socket.send(JSON.stringify({ id: 'a', action: 'authenticate', payload: { token } })),
    );
    socket.on('message', function readAnswer(data) {
      const frame = JSON.parse(String(data));
      if (frame.request_id !== 'a') return;
      socket.off('message', readAnswer);
      if (frame.success) resolve(socket);
      else reject(new Error(`authenticate: ${JSON.stringify(frame.error)}`));
    });
  });
}
