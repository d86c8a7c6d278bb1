import type { TokenSource } from '../tokens.ts';
import { download } from './download.ts';
import { bodyOf, createHttp, type Fetch, type Http, nextOf, reach, refuseErrors } from './http.ts';
import type {
  ClientConfig,
  Entry,
  Group,
  InboxRow,
  Member,
  NewGroup,
  Person,
  Profile,
  Role,
  Settings,
} from './types.ts';

export type Send = { message_group_uuid?: string; handle?: string; message: string; known_seq?: number };

type Options = {
  tokens: Pick<TokenSource, 'token' | 'renew'>;
  fetch: Fetch;
  /** The origin of the server. Not needed on pages of that origin. */
  url?: string;
};

/** The HTTP API, one function for each request. */
export function createApi({ tokens, fetch, url }: Options) {
  const http = createHttp(tokens, fetch, url);
  return { ...profiles(http), ...conversations(http), ...messages(http), ...groups(http) };
}

export type Api = ReturnType<typeof createApi>;

const profiles = (http: Http) => ({
  profile: () => http.call<Profile>('/api/profile'),
  updateProfile: (body: { display_name: string; bio: string }) =>
    http.call<Profile>('/api/profile/update', { method: 'PUT', body }),
  /** A file of JSON Lines. */
  exportProfile: (options: { signal: AbortSignal; onBytes(bytes: number): void }) =>
    download(http, '/api/profile/export', options),
  deleteProfile: () => http.call<object>('/api/profile', { method: 'DELETE' }),
  signOut: () => http.call<object>('/api/sign-out', { method: 'POST', body: {} }),
  person: (handle: string) => http.call<Person>(`/api/users/@${encodeURIComponent(handle)}/short`),
  searchPeople: (search: string) =>
    http.call<Person[]>(`/api/users?limit=8&search=${encodeURIComponent(search)}`),
});

const groupPath = (uuid: string) => `/api/message_groups/${uuid}`;
const memberPath = (uuid: string, handle: string) =>
  `${groupPath(uuid)}/members/${encodeURIComponent(handle)}`;

const conversations = (http: Http) => ({
  inbox: (next = '/api/message_groups?limit=50') => http.list<InboxRow>(next),
  hidden: () => http.list<InboxRow>('/api/message_groups?limit=100&hidden=true'),
  /** The group with all its members. */
  async group(uuid: string): Promise<Group> {
    const response = await http.accepted(`${groupPath(uuid)}?limit=100`);
    const group = await bodyOf<Group>(response);
    let next = nextOf(response);
    while (next) {
      const page = await http.accepted(next);
      group.members.push(...(await bodyOf<{ members: Member[] }>(page)).members);
      next = nextOf(page);
    }
    return group;
  },
  /** The group with only its first member. */
  positions: (uuid: string) => http.call<Group>(`${groupPath(uuid)}?limit=1`),
  markRead: (uuid: string, seq: number) =>
    http.call<{ read_seq: number; unread_count: number }>(`${groupPath(uuid)}/read`, {
      method: 'PUT',
      body: { seq },
    }),
  changeSettings: (uuid: string, body: Partial<Settings>) =>
    http.call<Settings>(`${groupPath(uuid)}/settings`, { method: 'PUT', body }),
});

const messages = (http: Http) => ({
  entries: (uuid: string, range: { before?: number; after?: number; limit: number }) => {
    const query = new URLSearchParams({ limit: String(range.limit) });
    if (range.before !== undefined) query.set('before_seq', String(range.before));
    if (range.after !== undefined) query.set('after_seq', String(range.after));
    return http.call<Entry[]>(`/api/messages/${uuid}?${query}`);
  },
  send: (body: Send, key: string) => http.call<Entry>('/api/messages', { method: 'POST', body, key }),
});

const groups = (http: Http) => ({
  createGroup: (body: { title: string; handles: string[] }, key: string) =>
    http.call<NewGroup>('/api/message_groups', { method: 'POST', body, key }),
  rename: (uuid: string, title: string) =>
    http.call<Group>(groupPath(uuid), { method: 'PUT', body: { title } }),
  addMember: (uuid: string, handle: string) =>
    http.call<Group>(`${groupPath(uuid)}/members`, { method: 'POST', body: { handle } }),
  changeRole: (uuid: string, handle: string, role: Role) =>
    http.call<Group>(memberPath(uuid, handle), { method: 'PUT', body: { role } }),
  removeMember: (uuid: string, handle: string) =>
    http.call<Group>(memberPath(uuid, handle), { method: 'DELETE' }),
});

/** Reads the settings of a deployment, such as the address of the sign-in. Needs no token. */
export async function readClientConfig(fetch: Fetch, url = ''): Promise<ClientConfig> {
  return bodyOf<ClientConfig>(await refuseErrors(await reach(fetch, `${url}/api/client-config`, {})));
}

/** Checks whether a handle is free for a new account. Needs no token. */
export function createHandleCheck(fetch: Fetch, url = '') {
  return async (handle: string, signal: AbortSignal): Promise<boolean> => {
    const path = `${url}/api/handles/${encodeURIComponent(handle)}`;
    const response = await reach(fetch, path, { signal });
    return (await bodyOf<{ available: boolean }>(await refuseErrors(response))).available;
  };
}
