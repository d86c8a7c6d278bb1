-- What the search for people compares: handle and name as contract/src/fold.ts folds them, whatever the locale of this
-- server. Null where that is still to be done (core/src/people/user-search.ts).
alter table users add column handle_folded text;
alter table users add column name_folded text;

-- A plain index serves LIKE in the C locale only.
create index users_handle_folded on users (handle_folded text_pattern_ops);
create index users_name_folded on users (name_folded text_pattern_ops);
create index users_unfolded on users (uuid) where handle_folded is null or name_folded is null;
drop index users_handle_prefix;
drop index users_display_name_prefix;

-- Whoever changes a name and does not fold it, an earlier version or an administrator, leaves no wrong one behind.
create function users_unfold() returns trigger language plpgsql as $$
begin
  new.handle_folded := null;
  new.name_folded := null;
  return new;
end
$$;
create trigger users_unfold before update on users for each row
  when ((new.handle, new.display_name) is distinct from (old.handle, old.display_name)
    and (new.handle_folded, new.name_folded) is not distinct from (old.handle_folded, old.name_folded))
  execute function users_unfold();
