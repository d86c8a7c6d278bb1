-- The search for people compares these columns: handle and name, folded by contract/src/fold.ts, so the locale of this
-- server does not matter. They are null until they are folded (core/src/people/user-search.ts).
alter table users add column handle_folded text;
alter table users add column name_folded text;

-- A plain index would serve LIKE only in the C locale.
create index users_handle_folded on users (handle_folded text_pattern_ops);
create index users_name_folded on users (name_folded text_pattern_ops);
create index users_unfolded on users (uuid) where handle_folded is null or name_folded is null;
drop index users_handle_prefix;
drop index users_display_name_prefix;

-- If an earlier version or an administrator changes a name without folding it, the folded columns become null.
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
