/* The parts of Postgres' wire protocol that are needed to split it into messages. */

const sslRequest = 80877103;
const gssRequest = 80877104;
const cancelRequest = 80877102;
const protocolMajor = 3;
/** The limit of Postgres. A longer first message belongs to another protocol, for example HTTP. */
const maxStartBytes = 10_000;
const maxMessageBytes = 256 * 1024 * 1024;

export type Start = {
  rest: Buffer;
  parameters?: Record<string, string>;
  isRefused?: boolean;
  wantsTls?: boolean;
};

/** The first message of a connection, or undefined until it has arrived completely. */
export function readStart(input: Buffer): Start | undefined {
  if (input.length < 8) return undefined;
  const length = input.readInt32BE(0);
  const code = input.readInt32BE(4);
  const wantsTls = code === sslRequest || code === gssRequest;
  const isKnown = wantsTls || code === cancelRequest || code >>> 16 === protocolMajor;
  if (!isKnown || length < 8 || length > maxStartBytes) return { rest: input, isRefused: true };
  if (input.length < length) return undefined;
  const rest = input.subarray(length);
  if (wantsTls) return { rest, wantsTls };
  if (code === cancelRequest) return { rest, isRefused: true };
  const words = input.toString('utf8', 8, length).split('\0');
  const parameters: Record<string, string> = {};
  for (let index = 0; index + 1 < words.length && words[index]; index += 2) {
    parameters[words[index] ?? ''] = words[index + 1] ?? '';
  }
  return { rest, parameters };
}

export type Message = { type: string; bytes: Buffer };

/** The message at an offset, or undefined until it has arrived completely. Throws if no message can begin like this. */
export function readMessage(input: Buffer, offset = 0): Message | undefined {
  if (input.length < offset + 5) return undefined;
  const length = input.readInt32BE(offset + 1);
  if (length < 4 || length > maxMessageBytes) throw new Error('not the protocol of Postgres');
  if (input.length < offset + 1 + length) return undefined;
  return {
    type: String.fromCharCode(input[offset] ?? 0),
    bytes: input.subarray(offset, offset + 1 + length),
  };
}

/** The strings at the head of a message: its query, or for a Parse its name and its query. */
export function readStrings({ bytes }: Message, count: number): string[] {
  const strings: string[] = [];
  let from = 5;
  while (strings.length < count && from < bytes.length) {
    const end = bytes.indexOf(0, from);
    if (end < 0) break;
    strings.push(bytes.toString('utf8', from, end));
    from = end + 1;
  }
  return strings;
}

export function message(type: string, body: Buffer | string = '') {
  const content = Buffer.from(body);
  const bytes = Buffer.alloc(5 + content.length);
  bytes.write(type, 0, 'latin1');
  bytes.writeInt32BE(4 + content.length, 1);
  content.copy(bytes, 5);
  return bytes;
}

export function startMessage(parameters: Record<string, string>) {
  const body = `${Object.entries(parameters).flat().join('\0')}\0\0`;
  const bytes = Buffer.alloc(8 + Buffer.byteLength(body));
  bytes.writeInt32BE(bytes.length, 0);
  bytes.writeInt32BE(protocolMajor << 16, 4);
  bytes.write(body, 8);
  return bytes;
}

export function parseMessage(name: string, statement: string, types: readonly number[]) {
  const counts = Buffer.alloc(2 + 4 * types.length);
  counts.writeInt16BE(types.length, 0);
  for (const [index, type] of types.entries()) counts.writeUInt32BE(type, 2 + 4 * index);
  return message('P', Buffer.concat([Buffer.from(`${name}\0${statement}\0`), counts]));
}

export const sync = message('S');
export const readyForQuery = message('Z', 'I');

export const errorMessage = (severity: 'ERROR' | 'FATAL', sqlState: string, text: string) =>
  message('E', `S${severity}\0V${severity}\0C${sqlState}\0M${text}\0\0`);
