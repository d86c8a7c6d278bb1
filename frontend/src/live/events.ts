import type { Entry, InboxRow } from '../api/types.ts';

/** What the gateway tells, as docs/realtime.md describes it. */
export type LiveEvent =
  | { event: 'message.created'; data: Entry }
  | { event: 'message_group.updated'; data: InboxRow }
  | { event: 'message_group.read'; data: { message_group_uuid: string; user_uuid: string; read_seq: number } }
  | { event: 'typing'; data: { message_group_uuid: string; user_uuid: string } }
  | { event: 'presence'; data: { user_uuid: string; online: boolean } }
  | { event: 'membership'; data: { message_group_uuid: string; user_uuid: string; change: string } }
  | { event: 'erased'; data: { message_group_uuid: string; user_uuid: string } }
  | { event: 'resync'; data: object };

/** `retry_after` is in seconds. */
export type FrameError = { code: string; message: string; retry_after?: number };

export type ServerFrame =
  | ({ type: 'event' } & LiveEvent)
  | { type: 'response'; request_id: string; success: true; data: unknown }
  | { type: 'response'; request_id: string; success: false; error: FrameError };
