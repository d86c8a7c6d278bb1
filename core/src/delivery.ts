import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { Entry } from './entries.ts';
import type { Summary } from './summaries.ts';
import type { Table } from './table/client.ts';

/** What happened in a conversation, as the stream tells a node. */
export type ConversationNews = {
  message_group_uuid: string;
  /** Of the group when it was routed: a node that knows an older one reads who is in it. */
  version: number;
  entries: Entry[];
  /** Authors whose entries lost their texts. */
  erased?: string[];
  /** The new summaries of the members on that node; none of a large conversation, or with `members`. */
  rows: Summary[];
  /** Whom it concerns, where every node is told: a node reads the summaries of those it has. */
  members?: string[];
};

/** What nodes tell each other. Nothing of it is stored. */
export type NodeEvent =
  | { event: 'typing'; message_group_uuid: string; user_uuid: string }
  | {
      event: 'read';
      message_group_uuid: string;
      user_uuid: string;
      read_seq: number;
      row?: Summary | undefined;
    }
  /** Ahead of the stream, which tells it once more. */
  | { event: 'appended'; user_uuid: string; entry: Entry }
  | { event: 'settings'; user_uuid: string; row: Summary }
  | { event: 'presence'; user_uuid: string; online: boolean; node: string; to: string[] }
  | { event: 'sessions_ended'; user_uuid: string };

export type Delivery = { conversations?: ConversationNews[]; events?: NodeEvent[] };

export const deliverPath = '/deliver';
export const onlinePath = '/online';
export const signatureHeader = 'parley-signature';

/** Signed requests to the internal endpoint of a node. */
export type DeliveryClient = ReturnType<typeof createDeliveryClient>;

export type DeliveryClientOptions = {
  table: Table;
  /** The first one signs. */
  secrets: readonly string[];
  timeoutMs?: number;
};

export function createDeliveryClient({ table, secrets, timeoutMs = 1_000 }: DeliveryClientOptions) {
  const agent = new Agent({ keepAlive: true, maxSockets: 32, timeout: 60_000 });
  const [secret] = secrets;

  /** Resolves to the answer. Rejects where it is none, or not in time. */
  function post(endpoint: string, path: string, value: unknown): Promise<unknown> {
    if (!secret) return Promise.reject(new Error('DELIVERY_SECRETS is not set'));
    const body = Buffer.from(JSON.stringify(value));
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      [signatureHeader]: sign(secret, { path, body, nowMs: table.clock.now() }),
    };
    const options = { method: 'POST', agent, headers, signal: AbortSignal.timeout(timeoutMs) };
    return new Promise((resolve, reject) => {
      const req = request(`${endpoint}${path}`, options, (res) => {
        const parts: Buffer[] = [];
        res.on('data', (part: Buffer) => parts.push(part));
        res.on('error', reject);
        res.on('end', () => {
          const text = Buffer.concat(parts).toString();
          if (res.statusCode !== 200) reject(new Error(`a node answered ${res.statusCode}`));
          else resolve(text === '' ? undefined : JSON.parse(text));
        });
      });
      req.on('error', reject);
      req.end(body);
    });
  }

  return {
    deliver: async (endpoint: string, delivery: Delivery) => {
      await post(endpoint, deliverPath, delivery);
    },
    /** Who of these people has a socket on that node. */
    async online(endpoint: string, userUuids: string[]): Promise<string[]> {
      const answer = (await post(endpoint, onlinePath, { user_uuids: userUuids })) as { online: string[] };
      return answer.online;
    },
    close: () => agent.destroy(),
  };
}

type Signed = { path: string; body: Buffer; nowMs: number };

const toleranceMs = 5 * 60_000;

export function sign(secret: string, { path, body, nowMs }: Signed): string {
  const [time, nonce] = [String(Math.round(nowMs)), randomBytes(16).toString('base64url')];
  return `${time}.${nonce}.${mac(secret, time, nonce, path, body).toString('base64url')}`;
}

const mac = (secret: string, time: string, nonce: string, path: string, body: Buffer) =>
  createHmac('sha256', secret).update(`${time}.${nonce}.${path}.`).update(body).digest();

/** Tells whether a request is signed with one of these secrets, is of these minutes, and did not come before. */
export function createVerifier(secrets: readonly string[]) {
  // By the minute of the signature, so that what is too old to be accepted is forgotten at once.
  const nonces = new Map<number, Set<string>>();

  return function isGenuine(signature: string, { path, body, nowMs }: Signed): boolean {
    const [time = '', nonce = '', given = ''] = signature.split('.');
    if (!/^\d{1,15}$/.test(time) || Math.abs(nowMs - Number(time)) > toleranceMs) return false;
    const givenMac = Buffer.from(given, 'base64url');
    const isSigned = secrets.some((secret) => {
      const expected = mac(secret, time, nonce, path, body);
      return expected.length === givenMac.length && timingSafeEqual(expected, givenMac);
    });
    if (!isSigned) return false;
    for (const minute of nonces.keys()) if (minute * 60_000 < nowMs - 2 * toleranceMs) nonces.delete(minute);
    const minute = Math.floor(Number(time) / 60_000);
    const seen = nonces.get(minute) ?? new Set();
    nonces.set(minute, seen);
    if (seen.has(nonce)) return false;
    seen.add(nonce);
    return true;
  };
}
