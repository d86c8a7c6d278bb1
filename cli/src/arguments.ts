import { UsageError } from '@parley/config/explain';
import { conversationUuid } from '@parley/core/conversations/uuids';
import * as users from '@parley/core/people/users';
import type { Pool } from 'pg';

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Parses --limit, the number of rows to print. */
export function limitOf(text: string | undefined, fallback = 100): number {
  if (text === undefined) return fallback;
  const limit = Number(text);
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new UsageError('--limit needs a whole number above 0.');
  return limit;
}

/** A person, given by handle (with or without @) or uuid. */
export async function personOf(pool: Pool, text: string): Promise<{ uuid: string; handle: string }> {
  if (uuidPattern.test(text)) {
    const uuid = text.toLowerCase();
    const name = (await users.findNames(pool, [uuid])).get(uuid);
    if (name) return { uuid, handle: name.handle };
  } else {
    const found =
      (await users.findByHandle(pool, text)) ?? (await users.findByHandle(pool, text.replace(/^@/, '')));
    if (found) return found;
  }
  throw new UsageError(`Nobody has the handle or uuid ${text}.`);
}

/** A conversation, given by its uuid or by the two people of a direct one. */
export async function conversationOf(pool: Pool, texts: string[]): Promise<string> {
  const [one, other] = texts;
  if (one && other === undefined && uuidPattern.test(one)) return one.toLowerCase();
  if (!one || !other) throw new UsageError('Name a conversation by its uuid, or by two people. See --help.');
  const [first, second] = await Promise.all([personOf(pool, one), personOf(pool, other)]);
  return conversationUuid(first.uuid, second.uuid);
}
