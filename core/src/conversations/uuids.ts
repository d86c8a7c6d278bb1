import { v5 } from 'uuid';

/** Fixed for ever: the uuids of conversations and imported people derive from it. */
const namespace = '6f0a9b52-54ad-4c53-9d5b-7c9a3a1f5d10';

/** The uuid of two people's direct conversation. The order of the arguments does not matter. */
export function conversationUuid(one: string, other: string): string {
  const [lower, higher] = [one.toLowerCase(), other.toLowerCase()].sort();
  return v5(`${lower}:${higher}`, namespace);
}

/** The uuid of the group that a creator's request with this key creates. A repeat gets the same uuid. */
export const groupUuid = (creatorUuid: string, idempotencyKey: string) =>
  v5(`group:${creatorUuid}:${idempotencyKey}`, namespace);

/** The uuid of an imported room. */
export const importedGroupUuid = (source: string, room: string) => v5(`import:${source}:${room}`, namespace);
