-- The row of an erased person (erased_at) stays, without a name. erasure_finished_at is set once no other store holds
-- their data.
alter table users add column erasure_finished_at timestamptz;
create index users_unfinished_erasures on users (erased_at) where erased_at is not null and erasure_finished_at is null;

-- SHA-256 hashes of the lower-cased handles of erased people, without a reference to them. Nobody gets such a handle
-- again, so nobody can be mistaken for an erased person.
create table retired_handles (
  handle_hash bytea primary key
);
