-- Handles that begin as those of erased (deleted-) and of unknown people (missing-) are reserved. Whoever has such a one
-- of their own choice gets another, so that no erasure finds its tombstone's handle taken.
update users set handle = 'user-' || left(replace(gen_random_uuid()::text, '-', ''), 25), updated_at = now()
where lower(handle) ~ '^(deleted|missing)-'
  and lower(handle) <> 'missing-' || uuid
  and not (erased_at is not null and lower(handle) = 'deleted-' || uuid);
