-- The colour of a person's face: one of ten tones, given in turn as people join. It never changes. Erased people have none.
create sequence users_tone as smallint maxvalue 10 cycle;
alter table users add column tone smallint check (tone between 1 and 10);

update users set tone = dealt.tone
from (
  select uuid, (row_number() over (order by created_at, uuid) - 1) % 10 + 1 as tone
  from users where erased_at is null) as dealt
where users.uuid = dealt.uuid;
select setval('users_tone', tone) from users where tone is not null order by created_at desc, uuid desc limit 1;

alter table users alter column tone set default nextval('users_tone');
alter sequence users_tone owned by users.tone;
