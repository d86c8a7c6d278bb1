/** The keys of both tables. No other file spells a prefix. */

import { maxSeq } from '@parley/contract/limits';

export { maxSeq } from '@parley/contract/limits';

export type Key = { pk: string; sk: string };

const seqDigits = String(maxSeq).length;

export const conversationPk = (messageGroupUuid: string) => `MSG#${messageGroupUuid}`;
export const summariesPk = (userUuid: string) => `GRP#${userUuid}`;

export const seqSk = (seq: number) => String(seq).padStart(seqDigits, '0');
/** Sorts after every entry and before `GROUP`. */
export const entriesEndSk = 'A';
export const groupSk = 'GROUP';
export const memberSk = (userUuid: string) => `MEMBER#${userUuid}`;
/** Sorts after every member. */
export const membersEndSk = 'MEMBER#~';

export const entryKey = (messageGroupUuid: string, seq: number): Key => ({
  pk: conversationPk(messageGroupUuid),
  sk: seqSk(seq),
});
export const groupKey = (messageGroupUuid: string): Key => ({
  pk: conversationPk(messageGroupUuid),
  sk: groupSk,
});
export const memberKey = (messageGroupUuid: string, userUuid: string): Key => ({
  pk: conversationPk(messageGroupUuid),
  sk: memberSk(userUuid),
});
export const summaryKey = (userUuid: string, messageGroupUuid: string): Key => ({
  pk: summariesPk(userUuid),
  sk: messageGroupUuid,
});

/** Items that record which conversations a person has left, so that their messages there can be found. */
export const leftPk = (userUuid: string) => `LEFT#${userUuid}`;
export const leftKey = (userUuid: string, messageGroupUuid: string): Key => ({
  pk: leftPk(userUuid),
  sk: messageGroupUuid,
});

/** Live items: sockets, nodes, and places (the nodes on which a person has sockets). */
export const connectionKey = (connectionId: string): Key => ({
  pk: `CONN#${connectionId}`,
  sk: 'METADATA',
});
export const nodeKey = (nodeId: string): Key => ({ pk: `NODE#${nodeId}`, sk: 'METADATA' });
/** The list of nodes. It has its own partition, because a node's item cannot be found without the node's id. */
export const nodesPk = 'NODES';
export const listedNodeKey = (nodeId: string): Key => ({ pk: nodesPk, sk: `NODE#${nodeId}` });
export const placesPk = (userUuid: string) => `USER#${userUuid}`;
export const placeKey = (userUuid: string, nodeId: string): Key => ({
  pk: placesPk(userUuid),
  sk: `NODE#${nodeId}`,
});
/** The node of a `NODES` or a `USER#` item. */
export const nodeIdOf = ({ sk }: Key) => sk.slice('NODE#'.length);

/** The keys of the runner's table. It has no stream, so a consumer's writes there cause no new stream records. */
export const checkpointsPk = (consumer: string) => `CHECKPOINT#${consumer}`;
export const checkpointSk = (streamArn: string, shardId: string) => `${streamArn}#${shardId}`;
export const checkpointKey = (consumer: string, streamArn: string, shardId: string): Key => ({
  pk: checkpointsPk(consumer),
  sk: checkpointSk(streamArn, shardId),
});
/** The shard of a checkpoint. An ARN and a shard's id hold no `#`. */
export const shardIdOf = ({ sk }: Key) => sk.slice(sk.lastIndexOf('#') + 1);
export const deadLettersPk = (consumer: string) => `DEAD#${consumer}`;
export const deadLetterKey = (consumer: string, shardId: string, sequenceNumber: string): Key => ({
  pk: deadLettersPk(consumer),
  sk: `${shardId}#${sequenceNumber}`,
});
export const importsPk = (source: string) => `IMPORT#${source}`;
export const importKey = (source: string, messageGroupUuid: string): Key => ({
  pk: importsPk(source),
  sk: messageGroupUuid,
});
/** The list of conversations that an import or a restore is writing. They have no members yet by whom to find them. */
export const arrivalsPk = 'ARRIVALS';
export const arrivalKey = (messageGroupUuid: string): Key => ({ pk: arrivalsPk, sk: messageGroupUuid });

const uuidPattern = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const conversationPkPattern = new RegExp(`^MSG#(${uuidPattern})$`);
const summariesPkPattern = new RegExp(`^GRP#(${uuidPattern})$`);
const leftPkPattern = new RegExp(`^LEFT#(${uuidPattern})$`);
const entrySkPattern = /^\d{12}$/;
const memberSkPattern = new RegExp(`^MEMBER#(${uuidPattern})$`);
const summarySkPattern = new RegExp(`^${uuidPattern}$`);

/** Live items are temporary, and no check covers them. */
const livePkPattern = /^(?:CONN#|NODE#|USER#|NODES$)/;

/** What a key addresses; `unknown` is an item of an older layout or one that was written by hand. */
export type ParsedKey =
  | { item: 'entry'; messageGroupUuid: string; seq: number }
  | { item: 'group'; messageGroupUuid: string }
  | { item: 'member'; messageGroupUuid: string; userUuid: string }
  | { item: 'summary'; userUuid: string; messageGroupUuid: string }
  | { item: 'left'; userUuid: string; messageGroupUuid: string }
  | { item: 'live' }
  | { item: 'unknown' };

export function parseKey({ pk, sk }: Key): ParsedKey {
  const messageGroupUuid = conversationPkPattern.exec(pk)?.[1];
  if (messageGroupUuid) {
    if (entrySkPattern.test(sk)) return { item: 'entry', messageGroupUuid, seq: Number(sk) };
    if (sk === groupSk) return { item: 'group', messageGroupUuid };
    const userUuid = memberSkPattern.exec(sk)?.[1];
    if (userUuid) return { item: 'member', messageGroupUuid, userUuid };
  }
  const userUuid = summariesPkPattern.exec(pk)?.[1];
  if (userUuid && summarySkPattern.test(sk)) return { item: 'summary', userUuid, messageGroupUuid: sk };
  const leaverUuid = leftPkPattern.exec(pk)?.[1];
  if (leaverUuid && summarySkPattern.test(sk))
    return { item: 'left', userUuid: leaverUuid, messageGroupUuid: sk };
  return { item: livePkPattern.test(pk) ? 'live' : 'unknown' };
}
