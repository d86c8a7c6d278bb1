-- Gives people their tones in the order in which they joined. Meanwhile others can sign up and be read.
update users set tone = dealt.tone
from (
  select uuid, (row_number() over (order by created_at, uuid) - 1) % 10 + 1 as tone
  from users where erased_at is null) as dealt
where users.uuid = dealt.uuid and users.tone is null and users.erased_at is null;
select setval('users_tone', tone) from users where tone is not null order by created_at desc, uuid desc limit 1;
