/* What the server says, as docs/api.md describes it. */

import type { EntryType } from '@parley/contract/entry-kinds';

export type Entry = {
  uuid: string;
  seq: number;
  type: EntryType;
  message_group_uuid: string;
  user_uuid: string;
  display_name: string;
  handle: string;
  message: string;
  created_at: string;
};

export type InboxRow = {
  uuid: string;
  kind: 'direct' | 'group';
  display_name: string;
  handle: string | null;
  user_uuid: string | null;
  message: string;
  created_at: string;
  last_seq: number;
  unread_count: number;
  read_seq: number;
  settings_version: number;
} & Settings;

/** Of one member: `hidden` until the next message. */
export type Settings = { muted: boolean; hidden: boolean };

export type Person = { uuid: string; handle: string; display_name: string };
export type Profile = Person & { bio: string | null };
export type Role = 'admin' | 'member';
export type Member = Person & { role: Role; read_seq: number | null };

export type Group = {
  uuid: string;
  kind: 'direct' | 'group';
  title: string | null;
  members: Member[];
  last_seq: number;
  unread_count: number;
  read_seq: number;
} & Settings;

export type ClientConfig = {
  region: string;
  user_pool_id: string;
  user_pool_client_id: string;
  cognito_endpoint: string;
  auth_flows: ('USER_SRP_AUTH' | 'USER_PASSWORD_AUTH')[];
  /** Of a sign-in on the server's machine that sends no mail. */
  development_code?: string;
  password_policy: { min_length: number; classes: ('lowercase' | 'uppercase' | 'digit' | 'symbol')[] };
  realtime_path: string;
  limits: {
    message_max_chars: number;
    title_max_chars: number;
    display_name_max_chars: number;
    bio_max_chars: number;
    group_max_members: number;
  };
};
