import { expect, test } from '@jest/globals';
import type { StreamRecord } from '@parley/core/log/stream-records';
import type { Wants } from './consumer.ts';
import * as wants from './wants.ts';

const uuid = '5ae290ed-55d1-47a0-bc6d-fe2bc2700399';
const keys = [
  { pk: `MSG#${uuid}`, sk: '000000000001' },
  { pk: `MSG#${uuid}`, sk: '999999999999' },
  { pk: `MSG#${uuid}`, sk: 'GROUP' },
  { pk: `MSG#${uuid}`, sk: `MEMBER#${uuid}` },
  { pk: `GRP#${uuid}`, sk: uuid },
  { pk: 'NODES', sk: `NODE#${uuid}` },
];

/** Lambda's rules for these patterns: every field must match one of its values or prefixes. */
function matches({ eventName, dynamodb }: Wants['pattern'], record: StreamRecord): boolean {
  const image = record.dynamodb?.NewImage as Record<string, unknown> | undefined;
  const values = record.dynamodb?.Keys as Record<string, { S: string }> | undefined;
  const hasKeys = Object.entries(dynamodb.Keys).every(([name, { S }]) =>
    S.some(({ prefix }) => values?.[name]?.S.startsWith(prefix)),
  );
  const hasImage = Object.entries(dynamodb.NewImage ?? {}).every(([name, wanted]) =>
    (wanted as { BOOL: boolean[] }).BOOL.includes(
      (image?.[name] as { BOOL: boolean } | undefined)?.BOOL ?? false,
    ),
  );
  return eventName.includes(record.eventName ?? '') && hasKeys && hasImage;
}

test('the pattern for Lambda lets through what the filter of the runner lets through', () => {
  const counts = { passed: 0, stopped: 0 };
  for (const { pk, sk } of keys)
    for (const eventName of ['INSERT', 'MODIFY', 'REMOVE'])
      for (const large of [undefined, { BOOL: true }, { BOOL: false }]) {
        const image = eventName !== 'REMOVE' && { NewImage: large ? { large } : {} };
        const record = { eventName, dynamodb: { Keys: { pk: { S: pk }, sk: { S: sk } }, ...image } };
        for (const [name, wanted] of Object.entries<Wants>(wants)) {
          const isWanted = wanted.filter(record);
          counts[isWanted ? 'passed' : 'stopped'] += 1;
          expect([name, record, matches(wanted.pattern, record)]).toEqual([name, record, isWanted]);
        }
      }
  expect(counts.passed).toBeGreaterThan(0);
  expect(counts.stopped).toBeGreaterThan(0);
});
