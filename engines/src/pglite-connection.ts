import type { Socket } from 'node:net';
import {
  errorMessage,
  type Message,
  readMessage,
  readStart,
  readStrings,
  readyForQuery,
} from './pglite-protocol.ts';
import {
  customSettings,
  emptyState,
  mayAlterSession,
  type SessionState,
  startSettings,
} from './pglite-session.ts';

/** At most this many custom settings of a connection are saved between its turns. */
const maxCustom = 100;

/** One client, with its unread input and its saved session state while another connection has its turn. */
export type PgConnection = {
  socket: Socket;
  input: Buffer;
  hasStarted: boolean;
  /** The socket is closed or closing, so nothing of this connection runs any more. */
  isGone: boolean;
  state: SessionState | undefined;
  custom: Set<string>;
  /** The last Parse of the unnamed statement, and whether that may alter the session. */
  unnamed: Buffer | undefined;
  unnamedMayAlter: boolean;
  answer(data: Uint8Array): void;
  end(last: Buffer): void;
};

export function createConnection(socket: Socket): PgConnection {
  const connection: PgConnection = {
    socket,
    input: Buffer.alloc(0),
    hasStarted: false,
    isGone: false,
    state: undefined,
    custom: new Set(),
    unnamed: undefined,
    unnamedMayAlter: false,
    answer(data) {
      if (data.length > 0 && socket.writable) socket.write(Buffer.from(data));
    },
    end(last) {
      connection.isGone = true;
      if (socket.writable) socket.write(last);
      socket.destroySoon();
    },
  };
  return connection;
}

/** Answers the start messages of a connection without using the session. `greeting` is the same for each connection. */
export function answerStart(connection: PgConnection, greeting: Buffer) {
  while (!connection.hasStarted && !connection.isGone) {
    const start = readStart(connection.input);
    if (!start) return;
    connection.input = start.rest;
    if (start.wantsTls) {
      connection.answer(Buffer.from('N'));
    } else if (start.parameters) {
      connection.hasStarted = true;
      const settings = startSettings(start.parameters);
      if (Object.keys(settings).length > 0) connection.state = { ...emptyState(), settings };
      connection.answer(greeting);
    } else {
      connection.isGone = true;
      connection.socket.destroy();
    }
  }
}

export type Batch = {
  bytes: Uint8Array;
  /** Whether Postgres reports that it is ready after the last message. */
  isComplete: boolean;
  mayAlter: boolean;
  /** Whether it makes the unnamed statement, or uses that of an earlier exchange. */
  unnamed: 'made' | 'used' | undefined;
  /** Whether it ends with a simple query, which drops the unnamed statement of any connection. */
  dropsUnnamed: boolean;
};

/** Removes the complete messages from the input, up to the end of an exchange. */
export function takeBatch(connection: PgConnection): Batch | undefined {
  const { input } = connection;
  const batch: Omit<Batch, 'bytes'> = {
    isComplete: false,
    mayAlter: false,
    unnamed: undefined,
    dropsUnnamed: false,
  };
  let end = 0;
  while (!batch.isComplete) {
    const next = readNext(connection, end);
    if (!next) break;
    if (next.type === 'X') {
      connection.socket.end();
      break;
    }
    const refusal = next.type === 'Q' ? refuse(readStrings(next, 1)[0] ?? '') : undefined;
    if (refusal) {
      if (end > 0) break;
      connection.input = input.subarray(next.bytes.length);
      connection.answer(refusal);
      return takeBatch(connection);
    }
    observe(connection, next, batch);
    batch.isComplete = next.type === 'S' || next.type === 'Q' || next.type === 'F';
    end += next.bytes.length;
  }
  if (end === 0) return undefined;
  connection.input = input.subarray(end);
  return { ...batch, bytes: new Uint8Array(input.subarray(0, end)) };
}

/** Reads the message at an offset. A malformed message ends the connection. */
export function readNext(connection: PgConnection, offset: number): Message | undefined {
  try {
    return readMessage(connection.input, offset);
  } catch (error) {
    connection.end(errorMessage('FATAL', '08P01', String(error)));
    return undefined;
  }
}

function observe(connection: PgConnection, message: Message, batch: Omit<Batch, 'bytes'>) {
  if (message.type === 'Q') {
    const [statement = ''] = readStrings(message, 1);
    if (recordCustomSettings(connection, statement)) batch.mayAlter = true;
    batch.dropsUnnamed = true;
    connection.unnamed = undefined;
  } else if (message.type === 'P') {
    const [name, statement = ''] = readStrings(message, 2);
    const mayAlter = recordCustomSettings(connection, statement);
    if (mayAlter || name !== '') batch.mayAlter = true;
    if (name !== '') return;
    connection.unnamed = Buffer.from(message.bytes);
    connection.unnamedMayAlter = mayAlter;
    batch.unnamed ??= 'made';
  } else if (message.type === 'B' && readStrings(message, 2)[1] === '') {
    use(connection, batch);
  } else if (message.type === 'D' && readStrings(message, 1)[0] === 'S') {
    use(connection, batch);
  } else if (message.type === 'F') {
    batch.mayAlter = true;
  }
}

function use({ unnamedMayAlter }: PgConnection, batch: Omit<Batch, 'bytes'>) {
  batch.unnamed ??= 'used';
  if (unnamedMayAlter) batch.mayAlter = true;
}

/** Records the custom settings of a statement, and returns whether it may alter the session. */
function recordCustomSettings({ custom }: PgConnection, statement: string) {
  if (!mayAlterSession(statement)) return false;
  for (const name of customSettings(statement)) if (custom.size < maxCustom) custom.add(name);
  return true;
}

/**
 * Unsupported statements: COPY reads the client's data in the middle of a message, which crashes this Postgres; LISTEN
 * needs a permanent session.
 */
const refusals: [pattern: RegExp, name: string][] = [
  [/^\s*copy\b[^;]*\bfrom\s+stdin\b/i, 'COPY FROM STDIN'],
  [/^\s*listen\b/i, 'LISTEN'],
];

function refuse(statement: string) {
  const found = refusals.find(([pattern]) => pattern.test(statement));
  if (!found) return undefined;
  const text = `The embedded Postgres has no ${found[1]}`;
  return Buffer.concat([errorMessage('ERROR', '0A000', text), readyForQuery]);
}
