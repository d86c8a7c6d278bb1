import { expect, test } from '@jest/globals';
import { dispatch, type EventHandlers, type LiveEvent } from './events.ts';

test('an event calls only its own handler, and an unknown event calls none', () => {
  const handled: unknown[] = [];
  const names = ['message.created', 'message_group.updated', 'message_group.read', 'typing', 'presence'];
  const handlers = Object.fromEntries(
    [...names, 'membership', 'erased', 'resync'].map((name) => [
      name,
      (data: unknown) => handled.push([name, data]),
    ]),
  ) as unknown as EventHandlers;
  dispatch(handlers, { event: 'presence', data: { user_uuid: 'ben', online: true } });
  for (const event of ['newer.event', 'toString'])
    dispatch(handlers, { event, data: {} } as unknown as LiveEvent);
  expect(handled).toEqual([['presence', { user_uuid: 'ben', online: true }]]);
});
