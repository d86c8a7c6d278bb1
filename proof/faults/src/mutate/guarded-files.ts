export type Row = [what: string, from: string, to: string];

/** Mutations of files whose test has the file's name: what breaks, and the text before and after. */
export const guardedFiles: Record<string, Row[]> = {
  'core/src/table/read.ts': [
    ['unprocessed keys are not read again', '?.Keys ?? [];', '?.Keys?.slice(1) ?? [];'],
    [
      'keys that remain unprocessed count as missing items',
      "throw new UnprocessedError('BatchGetItem left",
      "return items; throw new UnprocessedError('BatchGetItem left",
    ],
    ['reads get an item from an earlier call', 'cache: false', 'cache: true'],
    [
      'reads do not wait for the request under way',
      'inFlight.then(() => setImmediate(dispatch))',
      'setImmediate(dispatch)',
    ],
    ['a query ends after its first page', 'ExclusiveStartKey = LastEvaluatedKey;', ''],
    [
      'a scan ends after its first page',
      'next = LastEvaluatedKey && request(LastEvaluatedKey);',
      'next = undefined;',
    ],
  ],
  'core/src/log/entries.ts': [
    ['an entry without an author is valid', "    'user_uuid',\n", ''],
    [
      'a count that is not an integer is accepted',
      '!Number.isSafeInteger(attributes.message_count)',
      'attributes.message_count === undefined',
    ],
    [
      'a range without an end includes the group item',
      'to >= maxSeq ? entriesEndSk : seqSk(to)',
      "to >= maxSeq ? 'Z' : seqSk(to)",
    ],
    ['an empty range causes a request', 'if (from > to || to < 1)', 'if (false)'],
    ['pages overlap', 'low = last.seq + 1', 'low = last.seq'],
    [
      'backward pages exceed their lower bound',
      'else high = last.seq - 1;',
      'else [low, high] = [1, last.seq - 1];',
    ],
  ],
  'core/src/log/members.ts': [
    ['a membership that was not read counts as missing', 'if (unread > 0)', 'if (false)'],
    [
      'a roster that was read during a change is not read again',
      'members.length === group.member_count ||',
      'true ||',
    ],
    ['a roster that never becomes consistent is read forever', 'attempt === 4', 'attempt === 400'],
    ['a roster ends after the first page', 'start = LastEvaluatedKey;', ''],
    ['a page begins with the last member of the page before', "~` : ''", "` : ''"],
  ],
  'core/src/dead-letters/dead-letters.ts': [
    [
      'a letter that was stored again is removed',
      "'attribute_not_exists(pk) OR failed_at = :read'",
      "'attribute_not_exists(pk) OR failed_at >= :read'",
    ],
    [
      'a repeated removal fails',
      'if (!(error instanceof ConditionalCheckFailedException)) throw error;',
      'throw error;',
    ],
    ['a letter is kept for a year', 'const retentionDays = 14;', 'const retentionDays = 365;'],
    [
      'letters of all shards share a key',
      '...deadLetterKey(consumer, shardId, record',
      "...deadLetterKey(consumer, '', record",
    ],
  ],
  'core/src/live/delivery.ts': [
    [
      'the second half of a long delivery is lost',
      'return [\n    { conversations: conversations.slice(0, some), events: events.slice(0, first) },',
      'return [',
    ],
    [
      'an event between the halves is sent twice',
      'events: events.slice(first) }',
      'events: events.slice(first - 1) }',
    ],
    ['a refused delivery counts as successful', 'if (res.statusCode !== 200)', 'if (res.statusCode === 500)'],
    ['a request waits forever', ', signal: AbortSignal.timeout(timeoutMs)', ''],
    [
      'the last secret signs instead of the first',
      'const [secret] = secrets;',
      'const secret = secrets.at(-1);',
    ],
  ],
  'core/src/live/nodes.ts': [
    ['a missed delivery brings back a node that left', "ConditionExpression: 'attribute_exists(pk)',", ''],
    ['a node is alive for a minute', 'deadAfterMs = 30_000', 'deadAfterMs = 60_000'],
    ['a node that left stays listed', ', remove(listedNodeKey(nodeId))]', ']'],
    ['a failed list is kept for a second', '          known = undefined;', ''],
    [
      'a probe writes without a condition',
      ' OR probed_at <> :now',
      ' OR attribute_exists(pk) OR probed_at <> :now',
    ],
  ],
  'core/src/live/route.ts': [
    ['who was added a moment ago is not reached', 'isChanged ? 0 : 1_000', '1_000'],
    ['who is removed does not receive it', '...entries.flatMap(removedBy)', ''],
    ['sockets of a new node are not reached', '|| nodes.isAlive(table, since)', ''],
    ['sockets of a dead node are reached', 'listed.has(nodeId) || nodes.isAlive(table, since)', 'true'],
    ['a large conversation is routed by member', 'isLarge(roster) || everyNode', 'everyNode'],
    [
      'an old entry that the log does not hold is delivered',
      'writtenAtMs >= trustImageMs',
      'writtenAtMs > trustImageMs * 60',
    ],
    ['a node is reached for one of its people alone', 'reached.get(nodeId) ?? {', '{'],
  ],
  'core/src/log/append/append-writer.ts': [
    ['entries of one write are parted between requests', 'size += entries.length;', 'size += 1;'],
    [
      'a batch that fails fails for everybody',
      'if (batch.length > 1) await Promise.all(batch.map((write) => writeBatch([write])));',
      'if (batch.length > 1) for (const each of batch) each.fail(error);',
    ],
    [
      'a lost answer is a failure',
      "if (isTransientFault(error)) batch[0]?.settle('unknown');",
      "if (false) batch[0]?.settle('unknown');",
    ],
    [
      'a taken number is worth another attempt',
      "if (codes.includes('ConditionalCheckFailed')) return 'refused';",
      "if (codes.includes('ConditionalCheckFailed')) return 'postponed';",
    ],
    [
      'those beside a refused write are not written',
      'others.length > 0 ? await sendTransaction(table, others) : []',
      "others.map(() => 'written' as const)",
    ],
    [
      'a statement that the engine failed is not written',
      "if (Code === 'InternalServerError') return 'unknown';",
      '',
    ],
    ['a request too many is under way', 'inFlight >= maxInFlight[kind]', 'inFlight > maxInFlight[kind]'],
  ],
  'core/src/conversations/membership.ts': [
    ['a member removes others', 'if (person.uuid !== actor.uuid) requireAdmin(present, actor);', ''],
    [
      'the youngest member succeeds the last admin',
      'standing(one) < standing(other) ? -1 : 1',
      'standing(one) < standing(other) ? 1 : -1',
    ],
    [
      'another admin is made though one is left',
      "others.some(({ role }) => role === 'admin')",
      'others.length === 0',
    ],
    ['a group takes one person too many', '> maxGroupMembers', '> maxGroupMembers + 1'],
    ['present members are added again', 'filter(({ uuid }) => !known.has(uuid))', 'filter(() => true)'],
    ['the last admin resigns', "throw new AppError('last_admin')", "Object.is('last_admin', 0)"],
    ['the same title is a change', 'if (group.title === title) return undefined;', ''],
    [
      'the successor is named and not made an admin',
      "...(successor ? [putRole(log.table, messageGroupUuid, successor.user_uuid, 'admin')] : []),",
      '',
    ],
  ],
  'core/src/inbox/inbox.ts': [
    [
      'a person who left a large conversation sees it',
      'stored.large ? current.get(stored.message_group_uuid) : stored',
      'stored',
    ],
    [
      'a cursor names what is shown and not the row',
      'last ? cursorOf(last.stored)',
      'last ? cursorOf(last.shown)',
    ],
    ['muted conversations are counted', '!shown.muted && ', ''],
    ['a page with hidden conversations is short', 'found.length < wanted && ', 'false && '],
    ['a page reads past any number of hidden conversations', ' && queries < queriesPerPage', ''],
    [
      'the cursor is behind the conversations that were counted',
      'found.length > limit && last ?',
      'false && last ?',
    ],
  ],
  'core/src/transfer/conversation-writer.ts': [
    [
      'the group comes before its members',
      'await transact(table, items.splice(0, maxPeoplePerTransaction).flat());',
      'await transact(table, [...items.splice(0, maxPeoplePerTransaction).flat(), putNew(table, members.groupItem(group))]);',
    ],
    [
      'members that are there are written again',
      'filter(({ member }) => !present.has(member.user_uuid))',
      'filter(() => true)',
    ],
    ['a group that is there is written again', 'if (stored.group) return;', ''],
    ['an error of the request is repeated', 'return refusalOf(error) !== undefined;', 'return true;'],
    [
      'a setting replaces a position',
      '{ ...settings, ...summary }',
      '{ ...summary, ...settings, read_seq: 0 }',
    ],
    [
      'an erased person stays in what arrives',
      'await erase.settle(log, pool, history.uuid, [...history.people.keys()]);',
      '',
    ],
  ],
  'core/src/transfer/import-room.ts': [
    [
      'lines that are in the log are appended again',
      'filter((message) => message.line > (line ?? 0))',
      'filter(() => true)',
    ],
    [
      'a failed step goes on from what it knew',
      'if (!isRead || attempt > 1) await read();',
      'if (!isRead) await read();',
    ],
    [
      'the progress moves whatever is stored',
      '      fromLine: line,',
      '      fromLine: to.isFinished ? line : undefined,',
    ],
    [
      'an erased person’s text comes back',
      'written.map((entry) => withoutErased(entry, isErased))',
      'written.map((entry) => (isErased, withoutErased(entry, () => false)))',
    ],
    ['a room does not arrive', 'if (history.seq === 0) items.push', 'if (history.seq > 0) items.push'],
    [
      'a finished room is not noted',
      'line ?? plan.lastLine, isFinished: true',
      'line ?? plan.lastLine, isFinished: false',
    ],
  ],
  'core/src/transfer/restore-conversation.ts': [
    ['another log is added to', 'if (chunk.some(isOther)) return undefined;', ''],
    [
      'entries that are there are written again',
      'return chunk.filter(({ seq }) => !present.has(seq));',
      'return chunk;',
    ],
    [
      'texts are written of a person who is erased meanwhile',
      'withoutErased(entry, isErased)),',
      'withoutErased(entry, () => false && isErased(entry.user_uuid))),',
    ],
    ['a member has read nothing', 'history.countAt(read_seq) ?? 0', '0'],
    [
      'a conversation that is there arrives again',
      'if (await members.group(table, conversation.uuid)) return;',
      '',
    ],
    [
      'a restored member has the uuid of their group',
      '{ message_group_uuid: _uuid, ...member } = value',
      '{ ...member } = value',
    ],
  ],
  'core/src/audit/scan.ts': [
    [
      'the last conversation of a table is not judged',
      '    async end() {\n      close();',
      '    async end() {',
    ],
    ['an unreadable entry ends the scan', 'if (!(error instanceof TypeError)) throw error;', 'throw error;'],
    [
      'a conversation is judged before its page ends it',
      'if (open?.history.uuid === uuid) return open;',
      'if (open?.history.uuid === uuid && open.members.length === 0) return open;',
    ],
    [
      'a member’s summary is one without a member',
      '!memberKeys.has(keyText(keyOf(summary)))',
      'keyText(keyOf(summary)) !== undefined',
    ],
    [
      'a person counts once for each conversation',
      'if (key.userUuid !== person) counters.people += 1;',
      'counters.people += 1;',
    ],
    ['nobody looks for people whom Postgres lacks', ' || strangers?.has(uuid) === true', ''],
    ['items of sockets are unknown', "key.item !== 'live' && ", ''],
  ],
  'core/src/audit/repair.ts': [
    [
      'a repair that the table refused is done',
      'if (!isWritten) isDone = false;',
      'if (!isWritten) isDone = true;',
    ],
    [
      'a created summary is not compared again',
      'if (isDone && !hasCreated) return true;',
      'if (isDone) return true;',
    ],
    ['correct summaries are written', 'if (summaryFaults(conversation, member).length === 0) continue;', ''],
    ['a broken log is repaired', 'if (!group || history.isBroken)', 'if (!group)'],
    [
      'a leaver’s item stays lost',
      'if (!leavers.has(userUuid)) await putLeaver',
      'if (false) await putLeaver',
    ],
    ['a repair gives up after its first attempt', 'const maxAttempts = 6;', 'const maxAttempts = 1;'],
  ],
  'core/src/transfer/restore.ts': [
    ['another log of a conversation is not reported', 'conversation.isRefused = written === undefined;', ''],
    [
      'conversations are restored without their people',
      'if (refusedPeople.length > 0) return',
      'if (refusedPeople.length > 500) return',
    ],
    ['a failure passes for a success', 'if (failure) throw failure.error;', ''],
    [
      'a person who was erased where the export was made comes back',
      'if (erased_at) await erasures.begin(pool, uuid);',
      '',
    ],
    ['a restore that is stopped writes on', ' || signal?.aborted === true;', ';'],
  ],
  'lambdas/src/runner/held-shards.ts': [
    ['an ended shard stays held', 'held.delete(shardId);', ''],
    [
      'a shard that is not done is finished',
      '(await holding.lease.release()) && isDone',
      'await holding.lease.release()',
    ],
    ['an error ends the reading', 'return undefined;\n      });', 'return false;\n      });'],
    [
      'a pause after an error is waited out',
      'await sleep(restartMs, undefined, { signal: holding.signal }).catch(() => {});',
      'await sleep(restartMs);',
    ],
    ['a shard of another stream is kept', 'shard.streamArn !== streamArn || ', ''],
    ['a shard without a lease is read', 'if (!lease) return;', 'if (!lease) throw new Error("no lease");'],
    ['a shard whose lease is lost is read on', 'onLost: end }', 'onLost: () => {} }'],
  ],
};
