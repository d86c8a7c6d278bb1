/** The keys of the one table. No other file spells a prefix. */

import { maxSeq } from '@parley/contract/limits';

export { maxSeq } from '@parley/contract/limits';

export type Key = { pk: string; sk: string };

const seqDigits = String(maxSeq).length;

export const conversationPk = (messageGroupUuid: string) => `MSG#${messageGroupUuid}`;
export const summariesPk = (userUuid: string) => `GRP#${userUuid}`;

export const seqSk = (seq: number) => String(seq).padStart(seqDigits, '0');
/** Sorts after every entry and before `GROUP`: the open end of a log. */
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

/** That a person once left a conversation: what they wrote there is found by it. */
export const leftPk = (userUuid: string) => `LEFT#${userUuid}`;
export const leftKey = (userUuid: string, messageGroupUuid: string): Key => ({
  pk: leftPk(userUuid),
  sk: messageGroupUuid,
});

/** Live items: sockets, the processes that hold them, and on which of these a person is. */
export const connectionKey = (connectionId: string): Key => ({
  pk: `CONN#${connectionId}`,
  sk: 'METADATA',
});
export const nodeKey = (nodeId: string): Key => ({ pk: `NODE#${nodeId}`, sk: 'METADATA' });
/** The list of nodes: a partition of its own, for a node's own item cannot be found without its id. */
export const nodesPk = 'NODES';
export const listedNodeKey = (nodeId: string): Key => ({ pk: nodesPk, sk: `NODE#${nodeId}` });
export const placesPk = (userUuid: string) => `USER#${userUuid}`;
export const placeKey = (userUuid: string, nodeId: string): Key => ({
  pk: placesPk(userUuid),
  sk: `NODE#${nodeId}`,
});
/** The node of a `NODES` or a `USER#` item. */
export const nodeIdOf = ({ sk }: Key) => sk.slice('NODE#'.length);

/** The keys of the second table: it has no stream, so what a consumer notes there does not feed the stream it reads. */
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
/** The list of conversations that an import or a restore has begun: nobody is in them yet, by whom one could find them. */
export const arrivalsPk = 'ARRIVALS';
export const arrivalKey = (messageGroupUuid: string): Key => ({ pk: arrivalsPk, sk: messageGroupUuid });

const uuidPattern = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const conversationPkPattern = new RegExp(`^MSG#(${uuidPattern})$`);
const summariesPkPattern = new RegExp(`^GRP#(${uuidPattern})$`);
const leftPkPattern = new RegExp(`^LEFT#(${uuidPattern})$`);
const entrySkPattern = /^\d{12}$/;
const memberSkPattern = new RegExp(`^MEMBER#(${uuidPattern})$`);
const summarySkPattern = new RegExp(`^${uuidPattern}$`);

/** Sockets, nodes and places: they come and go, and nothing rests on them. */
const livePkPattern = /^(?:CONN#|NODE#|USER#|NODES$)/;

/** What a key addresses, or `unknown` for an item Parley did not write (an older layout, a hand-made row). */
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
