import { frameSchema, readPayload, sendPayload } from './frames.ts';

const uuid = 'A0000000-0000-4000-8000-000000000001';

test('a frame has an id, an action and any payload', () => {
  expect(frameSchema.parse({ id: '1', action: 'ping' })).toEqual({ id: '1', action: 'ping' });
  expect(frameSchema.safeParse({ id: '', action: 'ping' }).success).toBe(false);
  expect(frameSchema.safeParse({ id: 'x'.repeat(65), action: 'ping' }).success).toBe(false);
  expect(frameSchema.safeParse('ping').success).toBe(false);
});

test('a uuid in a payload becomes lower case', () => {
  expect(readPayload.parse({ message_group_uuid: uuid, seq: 3 })).toEqual({
    message_group_uuid: uuid.toLowerCase(),
    seq: 3,
  });
});

test('an invalid field of a payload is reported with its code', () => {
  const codes = readPayload
    .safeParse({ message_group_uuid: 'x', seq: -1 })
    .error?.issues.map(({ message }) => message);
  expect(codes).toEqual(['message_group_uuid_invalid', 'seq_invalid']);
});

test('the idempotency key of a send is printable ASCII', () => {
  const { key } = sendPayload(100);
  expect(key.parse({})).toEqual({});
  expect(key.parse({ idempotency_key: 'a b' })).toEqual({ idempotency_key: 'a b' });
  expect(key.safeParse({ idempotency_key: 'ä' }).error?.issues[0]?.message).toBe('idempotency_key_invalid');
});
