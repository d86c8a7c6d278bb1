/*
 * What the clients of a campaign record: what they asked, what they were answered, what they saw, and what is stored at
 * the end. The checker knows nothing else. Times are milliseconds since the campaign began, by one clock for all clients.
 */

export type Entry = {
  uuid: string;
  seq: number;
  type: string;
  message_group_uuid: string;
  user_uuid: string;
  message: string;
  created_at: string;
};

export type Role = 'admin' | 'member';

/** An entry as the table holds it, with what folds a log into members and title. */
export type StoredEntry = Entry & { members?: string[]; role?: Role; title?: string };

export type Row = {
  uuid: string;
  kind: string;
  display_name: string;
  message: string;
  created_at: string;
  last_seq: number;
  unread_count: number;
  read_seq: number;
  muted: boolean;
  hidden: boolean;
};

export type Member = { uuid: string; role: Role };

/** A group as its details show it to one member. */
export type Details = { group: string; title: string | null; members: Member[]; read_seq: number };

export type Settings = { muted: boolean; hidden: boolean };

export type Call =
  /** `known` is the request's `known_seq`; `to` is a person if the conversation is a direct one. */
  | { kind: 'send'; group: string; message: string; key: string; known: number; to?: string }
  | { kind: 'mark-read'; group: string; seq: number }
  | { kind: 'add'; group: string; member: string }
  | { kind: 'remove'; group: string; member: string }
  | { kind: 'role'; group: string; member: string; role: Role }
  | { kind: 'rename'; group: string; title: string }
  | { kind: 'create'; title: string; members: string[]; key: string }
  | ({ kind: 'settings'; group: string } & Partial<Settings>)
  /** `token` numbers the person's tokens in the order of their issue. Every token up to it must die. */
  | { kind: 'sign-out'; token: number }
  | { kind: 'erase'; token: number }
  /** `isLook`: asked by chance, not by the live client because it lacks something. */
  | { kind: 'history'; group: string; after: number; isLook?: true }
  | { kind: 'inbox'; hidden?: true };

/** The part of an answer of 200 that the checker judges. */
export type Result = {
  entry?: Entry;
  entries?: Entry[];
  rows?: Row[];
  details?: Details;
  read?: { read_seq: number; unread_count: number };
  settings?: Settings;
};

/**
 * `refused`: the answer was final and said no; `unknown`: nobody will tell. `isSure`: no earlier attempt of the same
 * call can have been done, so a refusal means that nothing happened.
 */
export type Answer =
  | { outcome: 'ok'; result: Result; attempts: number }
  | { outcome: 'refused'; status: number; codes: string[]; isSure: boolean; attempts: number }
  | { outcome: 'unknown'; attempts: number };

export type Observation =
  | { type: 'begin'; seed: number; wallMs: number; people: { uuid: string; handle: string }[] }
  | { type: 'call'; atMs: number; id: number; person: string; call: Call }
  | { type: 'answer'; atMs: number; id: number; person: string; answer: Answer }
  /** The same request once more, after it was answered. */
  | { type: 'repeat'; atMs: number; id: number; person: string; answer: Answer }
  | { type: 'socket'; atMs: number; person: string; socket: number; node: string; is: 'ready' | 'closed' }
  | { type: 'heard'; atMs: number; person: string; socket: number; entry: Entry }
  | { type: 'row'; atMs: number; person: string; socket: number; row: Row }
  | { type: 'fault'; atMs: number; endMs: number; kind: string; target: string }
  | { type: 'drained'; atMs: number }
  /** What one backend answers a person at the end. */
  | { type: 'final-log'; person: string; node: string; group: string; entries: Entry[]; details: Details }
  /** A conversation that the backend refuses to a person who wrote in it, made it, or is a member of it. */
  | { type: 'final-refusal'; person: string; node: string; group: string; status: number }
  | { type: 'final-inbox'; person: string; node: string; rows: Row[] }
  | { type: 'final-token'; person: string; node: string; token: number; status: number }
  /** What the table holds at the end, of each conversation that any call or answer named. */
  | { type: 'final-table'; group: string; entries: StoredEntry[]; members: Member[]; title: string | null };

export type History = Observation[];

export type CallOf<Kind extends Call['kind']> = Extract<Call, { kind: Kind }>;

export function createRecorder() {
  const startedAt = performance.now();
  const history: History = [];
  let lastId = 0;
  return {
    history,
    nowMs: () => Math.round((performance.now() - startedAt) * 10) / 10,
    nextId: () => {
      lastId += 1;
      return lastId;
    },
    put: (observation: Observation) => void history.push(observation),
  };
}

export type Recorder = ReturnType<typeof createRecorder>;
