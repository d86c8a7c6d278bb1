-- Handles with the prefixes of erased people (deleted-) and placeholders (missing-) are reserved. People who have chosen
-- such a handle get another one, so that every erasure finds its tombstone's handle free.
update users set handle = 'user-' || left(replace(gen_random_uuid()::text, '-', ''), 25), updated_at = now()
where lower(handle) ~ '^(deleted|missing)-'
  and lower(handle) <> 'missing-' || uuid
  and not (erased_at is not null and lower(handle) = 'deleted-' || uuid);
