import { Agent, request } from 'node:http';
import type { Summary } from '../inbox/summaries.ts';
import type { Entry } from '../log/entries.ts';
import type { Table } from '../table/client.ts';
import { sign, signatureHeader } from './delivery-signature.ts';
import type { Node } from './nodes.ts';

/** The new entries and summaries of a conversation that a push delivers to a node. */
export type ConversationNews = {
  message_group_uuid: string;
  /** The group's version at the time of routing. A node with an older version reads the members again. */
  version: number;
  entries: Entry[];
  /** Authors whose texts were erased from entries. */
  erased?: string[];
  /** The new summaries of the members on that node. Empty for a large conversation, or with `members`. */
  rows: Summary[];
  /** The people concerned, if the delivery goes to every node. Each node then reads the summaries of its own people. */
  members?: string[];
};

/** Events between nodes. They are not stored. */
export type NodeEvent =
  | { event: 'typing'; message_group_uuid: string; user_uuid: string }
  | {
      event: 'read';
      message_group_uuid: string;
      user_uuid: string;
      read_seq: number;
      row?: Summary | undefined;
    }
  /** The fast path of a message. The stream delivers the entry again. */
  | { event: 'appended'; user_uuid: string; entry: Entry }
  | { event: 'settings'; user_uuid: string; row: Summary }
  | { event: 'presence'; user_uuid: string; online: boolean; node: string; to: string[] }
  | { event: 'sessions_ended'; user_uuid: string };

export type Delivery = { conversations?: ConversationNews[]; events?: NodeEvent[] };

export const deliverPath = '/deliver';
export const onlinePath = '/online';
/** The longest body that a node accepts. A longer delivery is split into several requests. */
export const maxDeliveryBytes = 16 * 2 ** 20;

/** Signed requests to the internal endpoint of a node. */
export type DeliveryClient = ReturnType<typeof createDeliveryClient>;

export type DeliveryClientOptions = {
  table: Table;
  /** The first secret is used to sign. */
  secrets: readonly string[];
  timeoutMs?: number;
};

export function createDeliveryClient({ table, secrets, timeoutMs = 1_000 }: DeliveryClientOptions) {
  const agent = new Agent({ keepAlive: true, maxSockets: 32, timeout: 60_000 });
  const [secret] = secrets;

  /** Resolves to the answer. Rejects if there is none in time. */
  function post({ nodeId, endpoint }: Node, path: string, body: Buffer): Promise<unknown> {
    if (!secret) return Promise.reject(new Error('DELIVERY_SECRETS is not set'));
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      [signatureHeader]: sign(secret, { nodeId, path, body, nowMs: table.clock.now() }),
    };
    const options = { method: 'POST', agent, headers, signal: AbortSignal.timeout(timeoutMs) };
    return new Promise<string>((resolve, reject) => {
      const req = request(`${endpoint}${path}`, options, (res) => {
        const parts: Buffer[] = [];
        res.on('data', (part: Buffer) => parts.push(part));
        res.on('error', reject);
        res.on('end', () => {
          if (res.statusCode !== 200) reject(new Error(`a node answered ${res.statusCode}`));
          else resolve(Buffer.concat(parts).toString());
        });
      });
      req.on('error', reject);
      req.end(body);
      // Parsed here, because an error thrown in a listener would end the process.
    }).then((text) => (text === '' ? undefined : JSON.parse(text)));
  }

  /** Delivers in several requests, one after the other, if one would be too long. */
  async function deliver(node: Node, delivery: Delivery): Promise<void> {
    const body = encode(delivery);
    if (body.length <= maxDeliveryBytes) return void (await post(node, deliverPath, body));
    for (const half of halves(delivery, body.length)) await deliver(node, half);
  }

  return {
    deliver,
    /** The people among `userUuids` who have a socket on that node. */
    async online(node: Node, userUuids: string[]): Promise<string[]> {
      const answer = (await post(node, onlinePath, encode({ user_uuids: userUuids }))) as {
        online: string[];
      };
      return answer.online;
    },
    close: () => agent.destroy(),
  };
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value));

function halves({ conversations = [], events = [] }: Delivery, bytes: number): Delivery[] {
  if (Math.max(conversations.length, events.length) < 2)
    throw new Error(`a delivery of ${bytes} bytes is too long and cannot be split`);
  const [some, first] = [Math.ceil(conversations.length / 2), Math.ceil(events.length / 2)];
  return [
    { conversations: conversations.slice(0, some), events: events.slice(0, first) },
    { conversations: conversations.slice(some), events: events.slice(first) },
  ];
}
