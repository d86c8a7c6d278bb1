import { ApiError } from '@parley/client/api/errors';
import { type Api, createApi } from '@parley/client/api/requests';
import { Refusal } from '@parley/client/live/answers';
import type { OpenSocket } from '@parley/client/live/open-socket';
import { fixedToken } from '@parley/client/tokens';
import type { Call, CallOf, Details, Entry, Member, Result, Row, Settings } from './history.ts';

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
/** The pause after an answer that names none, and after none. */
const defaultWaitMs = 1_000;
const brokenWaitMs = 100;

export type Directory = { handleOf(uuid: string): string };

/**
 * The requests of one person to one node. With a fixed token each is a single attempt: the client would repeat a refused
 * request under a renewed token, and the checker must know the outcome of both.
 */
export const apiOf = (url: string, token: string, abortAfterMs = attemptTimeoutMs) =>
  createApi({
    tokens: fixedToken(token),
    url,
    fetch: (path, options) => fetch(path, { ...options, signal: AbortSignal.timeout(abortAfterMs) }),
  });

/** Sends one HTTP request for a call to one node. After `abortAfterMs` the client aborts the request. */
export async function attemptHttp(
  url: string,
  token: string,
  call: Call,
  directory: Directory,
  abortAfterMs?: number,
): Promise<Attempt> {
  try {
    return { is: 'ok', result: await perform(apiOf(url, token, abortAfterMs), call, directory) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { status, codes, retryAfterMs } = error;
    // 408: the node was paused while the request arrived, and gave it up unread.
    if (status === 503 || status === 429 || status === 408)
      return { is: 'again', isUnknown: true, waitMs: retryAfterMs || defaultWaitMs };
    // No answer, or one that broke off before it said why.
    if (codes.length === 0 || status === 0) return { is: 'again', isUnknown: true, waitMs: brokenWaitMs };
    return { is: 'refused', status, codes };
  }
}

/** One send on a socket. */
export async function attemptSocket(
  { request }: OpenSocket,
  call: CallOf<'send'>,
  directory: Directory,
): Promise<Attempt> {
  const payload = { ...sendBody(call, directory), idempotency_key: call.key };
  try {
    return { is: 'ok', result: { entry: entryOf((await request('message.send', payload)) as Entry) } };
  } catch (error) {
    if (!(error instanceof Refusal)) return { is: 'again', isUnknown: true, waitMs: brokenWaitMs };
    const { code, retryAfterMs } = error;
    if (code === 'busy' || code === 'rate_limited')
      return { is: 'again', isUnknown: true, waitMs: retryAfterMs || defaultWaitMs };
    return { is: 'refused', status: 0, codes: [code] };
  }
}

/** Returns the part of a successful answer that the checker uses. */
async function perform(api: Api, call: Call, directory: Directory): Promise<Result> {
  const { handleOf } = directory;
  switch (call.kind) {
    case 'send':
      return { entry: entryOf(await api.send(sendBody(call, directory), call.key)) };
    case 'history':
      return { entries: (await api.entries(call.group, { after: call.after, limit: 100 })).map(entryOf) };
    case 'inbox': {
      const { rows } = await (call.hidden ? api.hidden() : api.inbox('/api/message_groups?limit=100'));
      return { rows: rows.map(rowOf) };
    }
    case 'mark-read':
      return { read: await api.markRead(call.group, call.seq) };
    case 'settings': {
      const { group, muted, hidden } = call;
      return { settings: settingsOf(await api.changeSettings(group, { muted, hidden })) };
    }
    case 'add':
      return { details: detailsOf(await api.addMember(call.group, handleOf(call.member))) };
    case 'remove':
      return { details: detailsOf(await api.removeMember(call.group, handleOf(call.member))) };
    case 'role':
      return { details: detailsOf(await api.changeRole(call.group, handleOf(call.member), call.role)) };
    case 'rename':
      return { details: detailsOf(await api.rename(call.group, call.title)) };
    case 'create': {
      const { title, members, key } = call;
      return { details: detailsOf(await api.createGroup({ title, handles: members.map(handleOf) }, key)) };
    }
    case 'sign-out':
      await api.signOut();
      return {};
    case 'erase':
      await api.deleteProfile();
      return {};
  }
}

/** The body of a send over HTTP or a socket. */
export function sendBody(call: Extract<Call, { kind: 'send' }>, { handleOf }: Directory) {
  const { message, known: known_seq, to, group: message_group_uuid } = call;
  return { message, known_seq, ...(to ? { handle: handleOf(to) } : { message_group_uuid }) };
}

type Shown = { uuid: string; title: string | null; members: Member[]; read_seq?: number };

/** The answer to a create has no read position. */
export function detailsOf({ uuid, title, members, read_seq = 0 }: Shown): Details {
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
