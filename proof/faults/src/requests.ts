import type { Call, Details, Entry, Member, Result, Row, Settings } from './history.ts';

/** A person and their tokens in the order of issue. The last one is in use. */
export type Identity = {
  uuid: string;
  handle: string;
  tokens: string[];
  /** A call in flight ends the token: other calls that are refused wait for the next token. */
  isSigningOut: boolean;
  /** An attempt whose answer was lost may still end a newer token. */
  mayBeSignedOut: boolean;
  isErased: boolean;
  /** Signs in again. */
  renew(): Promise<void>;
};

export const tokenOf = ({ tokens }: Pick<Identity, 'tokens'>) => tokens.at(-1) ?? '';

/** The outcome of one attempt. `again`: it should be retried; `isUnknown`: it may have succeeded nevertheless. */
export type Attempt =
  | { is: 'ok'; result: Result }
  | { is: 'refused'; status: number; codes: string[] }
  | { is: 'again'; isUnknown: boolean; waitMs: number };

/** Longer than the time limit of the server. */
const attemptTimeoutMs = 7_000;

type Wire = { method: string; path: string; body?: object; key?: string };

export type Directory = { handleOf(uuid: string): string };

/** Sends one HTTP request for a call to one node. After `abortAfterMs` the client aborts the request. */
export async function attemptHttp(
  url: string,
  token: string,
  call: Call,
  directory: Directory,
  abortAfterMs = attemptTimeoutMs,
): Promise<Attempt> {
  const { method, path, body, key } = wire(call, directory);
  try {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body && { 'Content-Type': 'application/json' }),
        ...(key && { 'Idempotency-Key': key }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(abortAfterMs),
    });
    const answer: unknown = await response.json();
    if (response.ok) return { is: 'ok', result: resultOf(call, answer) };
    if (response.status === 503 || response.status === 429) {
      const waitMs = Number(response.headers.get('Retry-After') ?? 1) * 1_000;
      return { is: 'again', isUnknown: true, waitMs };
    }
    return { is: 'refused', status: response.status, codes: answer as string[] };
  } catch {
    return { is: 'again', isUnknown: true, waitMs: 100 };
  }
}

function wire(call: Call, { handleOf }: Directory): Wire {
  const group = 'group' in call ? `/api/message_groups/${call.group}` : '';
  switch (call.kind) {
    case 'send':
      return { method: 'POST', path: '/api/messages', body: sendBody(call, { handleOf }), key: call.key };
    case 'mark-read':
      return { method: 'PUT', path: `${group}/read`, body: { seq: call.seq } };
    case 'add':
      return { method: 'POST', path: `${group}/members`, body: { handle: handleOf(call.member) } };
    case 'remove':
      return { method: 'DELETE', path: `${group}/members/${handleOf(call.member)}` };
    case 'rename':
      return { method: 'PUT', path: group, body: { title: call.title } };
    case 'role': {
      const path = `${group}/members/${handleOf(call.member)}`;
      return { method: 'PUT', path, body: { role: call.role } };
    }
    case 'settings': {
      const { muted, hidden } = call;
      return { method: 'PUT', path: `${group}/settings`, body: { muted, hidden } };
    }
    case 'sign-out':
      return { method: 'POST', path: '/api/sign-out' };
    case 'erase':
      return { method: 'DELETE', path: '/api/profile' };
    case 'create': {
      const body = { title: call.title, handles: call.members.map(handleOf) };
      return { method: 'POST', path: '/api/message_groups', body, key: call.key };
    }
    case 'history':
      return { method: 'GET', path: `/api/messages/${call.group}?limit=100&after_seq=${call.after}` };
    case 'inbox':
      return { method: 'GET', path: `/api/message_groups?limit=100${call.hidden ? '&hidden=true' : ''}` };
  }
}

/** The body of a send over HTTP or a socket. */
export function sendBody(call: Extract<Call, { kind: 'send' }>, { handleOf }: Directory) {
  const { message, known: known_seq, to, group: message_group_uuid } = call;
  return { message, known_seq, ...(to ? { handle: handleOf(to) } : { message_group_uuid }) };
}

/** The part of a successful answer that the checker uses. */
export function resultOf({ kind }: Call, answer: unknown): Result {
  if (kind === 'send') return { entry: entryOf(answer as Entry) };
  if (kind === 'history') return { entries: (answer as Entry[]).map(entryOf) };
  if (kind === 'inbox') return { rows: (answer as Row[]).map(rowOf) };
  if (kind === 'mark-read') return { read: answer as { read_seq: number; unread_count: number } };
  if (kind === 'settings') return { settings: settingsOf(answer as Settings) };
  if (kind === 'sign-out' || kind === 'erase') return {};
  return { details: detailsOf(answer as WireDetails) };
}

export type WireDetails = { uuid: string; title: string | null; members: Member[]; read_seq?: number };

/** The answer to a create has no read position. */
export function detailsOf({ uuid, title, members, read_seq = 0 }: WireDetails): Details {
  return { group: uuid, title, members: members.map(({ uuid, role }) => ({ uuid, role })), read_seq };
}

const settingsOf = ({ muted, hidden }: Settings): Settings => ({ muted, hidden });

export function entryOf(entry: Entry): Entry {
  const { uuid, seq, type, message_group_uuid, user_uuid, message, created_at } = entry;
  return { uuid, seq, type, message_group_uuid, user_uuid, message, created_at };
}

export function rowOf(row: Row): Row {
  const { uuid, kind, display_name, message, created_at, last_seq, unread_count, read_seq } = row;
  return {
    ...{ uuid, kind, display_name, message, created_at, last_seq, unread_count, read_seq },
    ...settingsOf(row),
  };
}
