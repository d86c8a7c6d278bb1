/* The types of the contract, under the names that the client uses. */

export type { ClientConfig } from '@parley/contract/client-config';
export type { Entry } from '@parley/contract/entry';
export type { EntryType } from '@parley/contract/entry-kinds';
export type { InboxRow, Settings } from '@parley/contract/inbox-row';
export type {
  Member,
  MessageGroup as Group,
  NewMessageGroup as NewGroup,
  ReadPosition,
  Role,
} from '@parley/contract/message-group';
export type { Profile, ShortUser as Person } from '@parley/contract/user';
