import type { EventData, EventName } from '@parley/contract/events';

export type ReadReceipt = EventData<'message_group.read'>;
export type MembershipChange = EventData<'membership'>;
export type Erasure = EventData<'erased'>;
export type LiveEvent = { [Name in EventName]: { event: Name; data: EventData<Name> } }[EventName];
/** One handler for each event. The compiler reports a missing one. */
export type EventHandlers = { [Name in EventName]: (data: EventData<Name>) => void };

/** Ignores an event that this version does not know. */
export function dispatch(handlers: EventHandlers, { event, data }: LiveEvent) {
  if (!Object.hasOwn(handlers, event)) return;
  const handle = handlers[event] as (data: unknown) => void;
  handle(data);
}
