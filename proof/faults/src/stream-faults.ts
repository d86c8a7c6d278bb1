import type { Random } from './random.ts';

/** The faults that are active for the records that a runner reads. */
export type StreamFaults = { isRepeating: boolean; isShuffling: boolean; poison: number };

type Attributes = Record<string, { S?: string; N?: string }>;
type StreamRecord = {
  eventID?: string;
  eventName?: string;
  dynamodb: { SequenceNumber: string; Keys: Attributes; NewImage?: Attributes };
};

const remembered = 40;

/**
 * Rewrites answers of GetRecords within the contract of the stream: records arrive twice, and records of different
 * items in another order. The last record stays the last, because consumers continue from its sequence number. A
 * poisoned record is a copy of a real one with an empty time, which the index refuses and no real table would contain.
 * Sequence numbers of the stream proxy end in 0; those of poisoned records are between two of them.
 */
export function createStreamFaults(random: Random, faults: StreamFaults) {
  const earlier: StreamRecord[] = [];
  const victims = new Map<string, StreamRecord>();
  const seen = new Set<string>();

  function rewrite(body: Buffer): Buffer {
    const answer = JSON.parse(body.toString()) as { Records?: StreamRecord[] };
    const records = answer.Records ?? [];
    const last = records.at(-1);
    if (!last) return body;
    let before = records.slice(0, -1);
    if (faults.isShuffling) before = random.shuffled(before);
    if (faults.isRepeating) before = [...random.shuffled(earlier), ...before];
    // Poisons a new record, so that every event source reads it, including the one whose filter accepts it.
    const victim =
      faults.poison > 0 && records.find((record) => isEntry(record) && !seen.has(numberOf(record)));
    for (const record of records) seen.add(numberOf(record));
    if (victim) {
      faults.poison -= 1;
      victims.set(numberOf(victim), poison(victim));
    }
    // The record must stay poisoned when it is read again.
    const poisons = records.flatMap((record) => victims.get(numberOf(record)) ?? []);
    before = [...poisons, ...before];
    earlier.push(...records);
    earlier.splice(0, earlier.length - remembered);
    return Buffer.from(JSON.stringify({ ...answer, Records: [...before, last] }));
  }

  return { rewrite, poisoned: () => victims.size };
}

const numberOf = ({ dynamodb }: StreamRecord) => dynamodb.SequenceNumber;

const isEntry = ({ eventName, dynamodb }: StreamRecord) =>
  eventName === 'INSERT' && dynamodb.NewImage?.type?.S === 'message';

export const isPoisoned = (sequenceNumber: string) => sequenceNumber.endsWith('5');

function poison({ dynamodb, ...record }: StreamRecord): StreamRecord {
  const sk = { S: '999999999999' };
  return {
    ...record,
    dynamodb: {
      ...dynamodb,
      SequenceNumber: String(BigInt(dynamodb.SequenceNumber) - 5n),
      Keys: { ...dynamodb.Keys, sk },
      NewImage: { ...dynamodb.NewImage, sk, created_at: { S: '' } },
    },
  };
}
