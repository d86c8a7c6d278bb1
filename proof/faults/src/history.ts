/*
 * The records of a campaign: the calls of the clients, the answers and entries that they received, and the final state.
 * The checker uses nothing else. Times are milliseconds since the start of the campaign, by one clock for all clients.
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

/** An entry in the table, with the attributes from which the checker derives members and title. */
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

/** The details of a group, as one member reads them. */
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
  /** `token` numbers the tokens of the person in the order of issue. The call must end every token up to it. */
  | { kind: 'sign-out'; token: number }
  | { kind: 'erase'; token: number }
  /** `isLook`: a random read, not one by the live client because it lacks an entry. */
  | { kind: 'history'; group: string; after: number; isLook?: true }
  | { kind: 'inbox'; hidden?: true };

/** The part of a successful answer that the checker uses. */
export type Result = {
  entry?: Entry;
  entries?: Entry[];
  rows?: Row[];
  details?: Details;
  read?: { read_seq: number; unread_count: number };
  settings?: Settings;
};

/**
 * `refused`: the final answer was a refusal. `unknown`: the call was given up without an answer. `isSure`: no earlier
 * attempt can have succeeded, so the call had no effect.
 */
export type Answer =
  | { outcome: 'ok'; result: Result; attempts: number }
  | { outcome: 'refused'; status: number; codes: string[]; isSure: boolean; attempts: number }
  | { outcome: 'unknown'; attempts: number };

export type Observation =
  | { type: 'begin'; seed: number; wallMs: number; people: { uuid: string; handle: string }[] }
  | { type: 'call'; atMs: number; id: number; person: string; call: Call }
  | { type: 'answer'; atMs: number; id: number; person: string; answer: Answer }
  /** A repeat of a request that was answered. */
  | { type: 'repeat'; atMs: number; id: number; person: string; answer: Answer }
  | { type: 'socket'; atMs: number; person: string; socket: number; node: string; is: 'ready' | 'closed' }
  | { type: 'heard'; atMs: number; person: string; socket: number; entry: Entry }
  | { type: 'row'; atMs: number; person: string; socket: number; row: Row }
  | { type: 'fault'; atMs: number; endMs: number; kind: string; target: string }
  | { type: 'drained'; atMs: number }
  /** The log and details that one backend shows a person at the end. */
  | { type: 'final-log'; person: string; node: string; group: string; entries: Entry[]; details: Details }
  /** A refusal of a conversation to a person who wrote in it, created it, or is a member of it. */
  | { type: 'final-refusal'; person: string; node: string; group: string; status: number }
  | { type: 'final-inbox'; person: string; node: string; rows: Row[] }
  | { type: 'final-token'; person: string; node: string; token: number; status: number }
  /** The final state in the table of each conversation in a call or answer. */
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
