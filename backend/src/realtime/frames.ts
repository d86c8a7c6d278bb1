import type { EventData, EventName } from '@parley/contract/events';

export const response = (requestId: string, data: unknown) =>
  encode({ type: 'response', request_id: requestId, success: true, data });

/** Encoded once, however many sockets it goes to. */
export const event = <Name extends EventName>(name: Name, data: EventData<Name>) =>
  encode({ type: 'event', event: name, data });

export const encode = (frame: unknown) => Buffer.from(JSON.stringify(frame));
