-- Of an erased person (erased_at) a row without a name stays. Set once nothing of them is left anywhere else either.
alter table users add column erasure_finished_at timestamptz;
create index users_unfinished_erasures on users (erased_at) where erased_at is not null and erasure_finished_at is null;

-- The handles of erased people, as SHA-256 of the lower-cased handle and tied to nobody: nobody else is taken for them.
create table retired_handles (
  handle_hash bytea primary key
);
