-- Everybody who can be in a conversation. Imported people have no e-mail and no cognito_user_id, so they cannot sign in.
create table users (
  uuid uuid primary key default gen_random_uuid(),
  handle text not null,
  email text,
  cognito_user_id text,
  display_name text not null,
  bio text not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  signed_out_at timestamptz,
  disabled_at timestamptz,
  erased_at timestamptz
);

create unique index users_handle_key on users (lower(handle));
create unique index users_email_key on users (lower(email));
create unique index users_cognito_user_id_key on users (cognito_user_id);

-- For searches by the beginning of a handle or name. A plain index would serve LIKE only in the C locale.
create index users_handle_prefix on users (lower(handle) text_pattern_ops);
create index users_display_name_prefix on users (lower(display_name) text_pattern_ops);
