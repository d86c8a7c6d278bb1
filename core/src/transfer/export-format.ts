import { createHash, type Hash } from 'node:crypto';

/*
 * An export is JSON Lines: a header, the state, and a manifest. docs/export.md describes every line.
 *
 * The state hash does not depend on the order in which a table returns its conversations. The lines of a part
 * (everybody, or one conversation) come in a fixed order and have one SHA-256; the state hash is the hash of the sorted
 * hashes. It takes 56 bytes of memory for each conversation.
 */

export const formatVersion = 1;

/** A fault of the file. The message is for the person who runs the command. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
}

export type Scope = 'everything' | 'conversation' | 'person';
export type Header = { line: 'export'; version: number; scope: Scope; exported_at: string };
export type Counts = {
  people: number;
  retired_handles: number;
  conversations: number;
  entries: number;
  members: number;
};
export type Manifest = Counts & { line: 'manifest'; sha256: string };

export type StateLine = Record<string, unknown> & {
  line: 'person' | 'retired_handle' | 'entry' | 'group' | 'member' | 'conversation';
};

const countOf = {
  person: 'people',
  retired_handle: 'retired_handles',
  entry: 'entries',
  group: 'conversations',
  conversation: 'conversations',
  member: 'members',
} as const satisfies Record<StateLine['line'], keyof Counts>;

/** The canonical form of a value: sorted names, no undefined values. */
export const canonical = (value: unknown): string => JSON.stringify(value, sorted);

function sorted(_name: string, value: unknown) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Counts and hashes the lines of a state. The lines of a conversation must follow each other. */
export function createManifest() {
  const counts: Counts = { people: 0, retired_handles: 0, conversations: 0, entries: 0, members: 0 };
  const digests: string[] = [];
  let part: { name: unknown; hash: Hash } | undefined;

  function close() {
    if (part) digests.push(part.hash.digest().toString('latin1'));
    part = undefined;
  }

  return {
    counts,
    /** Adds a line. `text` is the line as `canonical` writes it. */
    add({ line, message_group_uuid: name = 'people' }: StateLine, text: string) {
      counts[countOf[line]] += 1;
      if (part?.name !== name) close();
      part ??= { name, hash: createHash('sha256') };
      part.hash.update(text).update('\n');
    },
    end(): Manifest {
      close();
      const whole = createHash('sha256');
      for (const digest of digests.sort()) whole.update(digest, 'latin1');
      return { line: 'manifest', ...counts, sha256: whole.digest('hex') };
    },
  };
}

/** The lines of an export, from its header to its manifest. */
export async function* linesOf(
  scope: Scope,
  state: AsyncIterable<StateLine>,
  nowMs: number,
): AsyncGenerator<string, Manifest> {
  const manifest = createManifest();
  const exported_at = new Date(nowMs).toISOString();
  yield canonical({ line: 'export', version: formatVersion, scope, exported_at } satisfies Header);
  for await (const line of state) {
    const text = canonical(line);
    manifest.add(line, text);
    yield text;
  }
  const end = manifest.end();
  yield canonical(end);
  return end;
}
