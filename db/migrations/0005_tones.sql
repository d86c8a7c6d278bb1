-- The colour of a person's face: one of ten tones, given in turn as people join. It never changes. Erased people have none.
-- Existing people get theirs in the next migration, because this one locks the table for as long as it runs.
create sequence users_tone as smallint maxvalue 10 cycle;
alter table users add column tone smallint check (tone between 1 and 10);
alter table users alter column tone set default nextval('users_tone');
alter sequence users_tone owned by users.tone;
