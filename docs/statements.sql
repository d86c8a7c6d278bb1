-- Statements worth running, one at a time: bin/ddb/partiql "…", or on its standard input.
-- <c> is a conversation's uuid (bin/ddb/patterns/list-conversations HANDLE), <u> a person's (an entry's user_uuid).
-- type, role and large are reserved words and need quotes.

-- a page of a log, by key
SELECT sk, created_at, user_handle, message FROM "parley-messages"
WHERE pk = 'MSG#<c>' AND sk BETWEEN '000000000101' AND '000000000120'

-- one entry, with everything it holds (--json)
SELECT * FROM "parley-messages" WHERE pk = 'MSG#<c>' AND sk = '000000000001'

-- the group and its members
SELECT sk, title, member_count, "role" FROM "parley-messages"
WHERE pk = 'MSG#<c>' AND sk BETWEEN 'GROUP' AND 'MEMBER#~'

-- changes of the group: reads the whole log, returns little
SELECT sk, "type", message FROM "parley-messages"
WHERE pk = 'MSG#<c>' AND sk BETWEEN '0' AND 'A' AND "type" <> 'message'

-- a person's messages about something
SELECT sk, message FROM "parley-messages"
WHERE pk = 'MSG#<c>' AND sk BETWEEN '0' AND 'A' AND user_uuid = '<u>' AND contains(message, 'thank')

-- the entry of an idempotency key
SELECT sk, user_handle, body_hash FROM "parley-messages"
WHERE pk = 'MSG#<c>' AND sk BETWEEN '0' AND 'A' AND idempotency_key = '<key>'

-- a person's inbox (newest first on AWS with ORDER BY last_message_at DESC; the embedded engine reads it ascending)
SELECT last_message_at, title, message, message_count, read_count, sent_count
FROM "parley-messages"."inbox" WHERE pk = 'GRP#<u>'

-- a person's three positions in one conversation
SELECT last_seq, message_count, sent_seq, sent_count, read_seq, read_count FROM "parley-messages"
WHERE pk = 'GRP#<u>' AND sk = '<c>'

-- large groups: reads every item
SELECT pk, title, member_count FROM "parley-messages" WHERE sk = 'GROUP' AND member_count > 50

-- the runner's table
SELECT sk, lease_owner, lease_token, sequence_number, updated_at FROM "parley-runner" WHERE begins_with(pk, 'CHECKPOINT#')
SELECT sk, failed_at, attempts, error FROM "parley-runner" WHERE begins_with(pk, 'DEAD#')
SELECT sk, title, line, is_finished FROM "parley-runner" WHERE begins_with(pk, 'IMPORT#')

-- deletes a summary: bin/check reports it, and bin/check --repair rebuilds it
DELETE FROM "parley-messages" WHERE pk = 'GRP#<u>' AND sk = '<c>'
