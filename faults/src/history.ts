/*
 * What the clients of a campaign put down: what they asked, what they were answered, what they saw. The checker knows
 * nothing else. Times are milliseconds since the campaign began, by the one clock of all its clients.
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

export type Row = {
  uuid: string;
  message: string;
  created_at: string;
  last_seq: number;
  unread_count: number;
  read_seq: number;
};

export type Call =
  /** `known` is the request's `known_seq`; `to` a person, where the conversation is a direct one. */
  | { kind: 'send'; group: string; message: string; key: string; known: number; to?: string }
  | { kind: 'mark-read'; group: string; seq: number }
  | { kind: 'add'; group: string; member: string }
  | { kind: 'remove'; group: string; member: string }
  | { kind: 'rename'; group: string; title: string }
  | { kind: 'create'; title: string; members: string[]; key: string }
  /** `isLook`: asked for by chance, and not by the live client that lacks something. */
  | { kind: 'history'; group: string; after: number; isLook?: true }
  | { kind: 'inbox' };

/** What an answer of 200 held, as far as the checker looks at it. */
export type Result = {
  entry?: Entry;
  entries?: Entry[];
  rows?: Row[];
  group?: string;
  members?: string[];
  read?: { read_seq: number; unread_count: number };
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
  /** What a member reads when all is over. */
  | { type: 'final-log'; person: string; group: string; entries: Entry[]; members: string[] }
  | { type: 'final-inbox'; person: string; rows: Row[] };

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
