import { guardedBackendFiles } from './guarded-backend.ts';
import { guardedClientFiles } from './guarded-client.ts';
import { guardedFiles, type Row } from './guarded-files.ts';
import { type Mutation, mutationsOf } from './mutation.ts';

/** Mutations of files whose test has the file's name. There are many, so a fast run leaves them out. */
const guardedBy = (files: Record<string, Row[]>): Mutation[] =>
  Object.entries(files).flatMap(([file, rows]) =>
    mutationsOf(file, [file.replace(/\.ts$/, '.test.ts')], rows).map((mutation) => ({
      ...mutation,
      isSlow: true,
    })),
  );

const log: Mutation[] = [
  {
    ...{ file: 'core/src/log/append/repeat.ts', what: 'a repeat is answered without reading the membership' },
    from: 'if (!(await members.get(table, messageGroupUuid, sender.uuid)))\n    refuse',
    to: 'if (false)\n    refuse',
    ...{ tests: ['core/src/log/log.test.ts'], name: 'stranger for repeats' },
  },
  {
    ...{
      file: 'core/src/log/append/repeat.ts',
      what: 'newer entries do not answer the jobs that were written',
    },
    from: 'if (landed.has(job.messageUuid)) answer(job, landed.get(job.messageUuid));',
    to: '{}',
    ...{ tests: ['core/src/log/log-faults.test.ts'], name: 'whose answer was cut' },
  },
  {
    ...{ file: 'core/src/log/append/next-entry.ts', what: 'entries are dated by the local clock alone' },
    from: 'Math.max(nowMs, createdAtMs)',
    to: 'nowMs',
    tests: ['core/src/log/append/next-entry.test.ts'],
  },
  {
    ...{ file: 'core/src/log/append/next-entry.ts', what: 'a change of the group counts as a message' },
    from: '(flagsOf(draft).countsAsMessage ? offset : 0)',
    to: 'offset',
    tests: ['core/src/log/append/next-entry.test.ts'],
  },
  {
    ...{ file: 'core/src/log/append/next-entry.ts', what: 'the messages of one write have one count' },
    from: 'countsAsMessage ? offset : 0',
    to: 'countsAsMessage ? 1 : 0',
    tests: ['core/src/log/append/next-entry.test.ts'],
  },
  {
    ...{ file: 'core/src/log/append/next-entry.ts', what: 'an entry of a large conversation is not marked' },
    ...{ from: '...(isLarge && { large: true as const }),', to: '' },
    tests: ['core/src/log/append/next-entry.test.ts'],
  },
  {
    ...{ file: 'core/src/log/append/admission.ts', what: 'two repeats in one turn are two entries' },
    from: 'if (idempotencyKey !== undefined && keys.has(scopedKey)) continue;',
    to: '',
    ...{ tests: ['core/src/log/log.test.ts'], name: 'wait behind another message' },
  },
  {
    ...{ file: 'core/src/log/append/search.ts', what: 'a search for a key begins one entry late' },
    from: 'const from = (request.searchedTo ?? knownSeq) + 1;',
    to: 'const from = (request.searchedTo ?? knownSeq) + 2;',
    ...{ tests: ['core/src/log/log.test.ts'], name: 'only the newest entries' },
  },
  {
    ...{
      file: 'core/src/log/append/search.ts',
      what: 'a search that was interrupted starts again from the beginning',
    },
    ...{ from: '(searchedTo ?? append.knownSeq) >', to: 'append.knownSeq >' },
    tests: ['core/src/log/append/search.test.ts'],
  },
  {
    ...{ file: 'core/src/log/append/turn.ts', what: 'an append shares the turn of a change of members' },
    ...{ from: 'Math.max(1, Math.min(exclusive, maxEntries))', to: 'Math.min(exclusive + 1, maxEntries)' },
    tests: ['core/src/log/append/turn.test.ts'],
  },
  {
    ...{ file: 'core/src/log/append/turn.ts', what: 'a turn holds more entries than one write can' },
    ...{ from: 'exclusive === -1 ? maxEntries :', to: 'exclusive === -1 ? queue.length :' },
    tests: ['core/src/log/append/turn.test.ts'],
  },
];

const queue: Mutation[] = [
  {
    ...{ file: 'core/src/log/append/queue.ts', what: 'any number of jobs may wait' },
    ...{ from: "if (jobCount >= maxJobs) throw new AppError('busy');", to: '' },
    tests: ['core/src/log/append/queue.test.ts'],
  },
  {
    ...{ file: 'core/src/log/append/queue.ts', what: 'an answered job is counted forever' },
    ...{ from: 'jobCount -= 1;', to: '' },
    tests: ['core/src/log/append/queue.test.ts'],
  },
  {
    ...{ file: 'core/src/log/append/queue.ts', what: 'two turns of a conversation run at once' },
    ...{ from: 'if (!conversation.isRunning) void run', to: 'void run' },
    tests: ['core/src/log/append/queue.test.ts'],
  },
  {
    ...{ file: 'core/src/log/append/queue.ts', what: 'a turn does not see its own writes' },
    from: 'if (conversation) conversation.observed.push(entry);',
    to: 'if (conversation?.tail) observe(conversation.tail, entry);',
    tests: ['core/src/log/append/queue.test.ts'],
  },
  {
    ...{ file: 'core/src/log/append/queue.ts', what: 'a conversation that does not exist is remembered' },
    ...{ from: 'if (conversation.tail?.seq) idle', to: 'if (conversation.tail) idle' },
    tests: ['core/src/log/append/queue.test.ts'],
  },
];

const tail: Mutation[] = [
  ...mutationsOf(
    'core/src/log/append/tail.ts',
    ['core/src/log/append/tail.test.ts'],
    [
      ['idempotency lasts less than ten minutes', 'const windowMs = 10 * 60_000;', 'const windowMs = 0;'],
      ['a window of 100 entries', 'const windowEntries = 200;', 'const windowEntries = 100;'],
      [
        'a key is dropped when it is beyond either window',
        'seq > tail.seq - windowEntries || atMs >= tail.createdAtMs - windowMs',
        'seq > tail.seq - windowEntries && atMs >= tail.createdAtMs - windowMs',
      ],
      ['a key that was dropped counts as covered', 'tail.coveredFrom = seq + 1;', ''],
      ['a change of members does not update the known members', 'tail.members.clear();', ''],
      ['a removed person is forgotten', 'for (const uuid of removedBy(entry)) tail.removed.add(uuid);', ''],
      [
        'a person who is added again remains removed',
        'for (const uuid of addedBy(entry)) tail.removed.delete(uuid);',
        '',
      ],
      ['an entry behind a gap is applied', 'if (entry.seq !== tail.seq + 1)', 'if (entry.seq <= tail.seq)'],
      ['an old entry is applied', 'if (entry.seq === tail.seq + 1) advance', 'advance'],
      ['the key of a notice is remembered', ' || !kindOf(entry).countsAsMessage) return;', ') return;'],
      ['the whole log does not cover the window', 'if (tail.coveredFrom <= 1) return true;', ''],
    ],
  ),
];

const kinds: Mutation[] = [
  ...mutationsOf(
    'core/src/log/kinds/group-created.ts',
    ['core/src/log/kinds/index.test.ts'],
    [
      ['everybody of a new group is an admin', "uuid === entry.user_uuid ? 'admin' : 'member'", "'admin'"],
      ['a group may be created twice', 'orderFaults(entry, true)', '[]'],
    ],
  ),
  ...mutationsOf(
    'core/src/log/kinds/member-removed.ts',
    ['core/src/log/kinds/index.test.ts'],
    [
      ['a removed member has not left', 'left.add(uuid);', ''],
      ['anybody may be removed', 'if (!members.delete(uuid))', 'members.delete(uuid);\n      if (false)'],
    ],
  ),
  ...mutationsOf(
    'core/src/log/kinds/members-added.ts',
    ['core/src/log/kinds/index.test.ts'],
    [['a member may be added twice', 'if (members.has(uuid)) faults', 'if (false) faults']],
  ),
  ...mutationsOf(
    'core/src/log/kinds/message.ts',
    ['core/src/log/kinds/index.test.ts'],
    [
      ['a stranger may write', '!isGroup || members.has(user_uuid)', 'true'],
      ['the text of an erased person is kept', "redact: () => ''", 'redact: ({ message }) => message'],
    ],
  ),
];

const rosters: Mutation[] = [
  {
    ...{ file: 'core/src/log/rosters.ts', what: 'remembered for ten seconds at least' },
    from: 'nowMs - known.checkedAtMs < maxAgeMs',
    to: 'nowMs - known.checkedAtMs < Math.max(maxAgeMs, 10_000)',
    tests: ['core/src/log/rosters.test.ts'],
  },
  {
    ...{ file: 'core/src/log/rosters.ts', what: 'a newer version of the group is not read' },
    from: 'if (!known || known.roster.group.version < version)',
    to: 'if (!known)',
    tests: ['core/src/log/rosters.test.ts'],
  },
  {
    ...{ file: 'core/src/log/rosters.ts', what: 'a roster that was read during a change is kept' },
    from: 'if (uuids.size !== roster.group.member_count) return roster;',
    to: '',
    tests: ['core/src/log/rosters.test.ts'],
  },
  {
    ...{ file: 'backend/src/realtime/audience.ts', what: 'a roster of ten seconds ago decides who receives' },
    ...{ from: 'rosterMaxAgeMs = 500;', to: 'rosterMaxAgeMs = 10_000;' },
    ...{ tests: ['backend/src/realtime/conversations.test.ts'], name: 'nothing more after a second' },
  },
];

const projector: Mutation[] = [
  {
    ...{ file: 'core/src/projections/rewrites.ts', what: 'a summary moves back to an older entry' },
    ...{ from: "'last_seq < ?'", to: "'last_seq <> ?'" },
    ...{ tests: ['core/src/projections/projector.test.ts'], name: 'never move backward' },
  },
  {
    ...{ file: 'core/src/projections/rewrites.ts', what: 'the position of own messages moves back' },
    ...{ from: "'sent_seq < ?'", to: "'sent_seq <> ?'" },
    ...{ tests: ['core/src/projections/projector.test.ts'], name: 'never move backward' },
  },
  {
    ...{ file: 'core/src/projections/rewrites.ts', what: 'the last record of a batch counts as the newest' },
    from: 'return entry.seq > (newest?.entry.seq ?? 0);',
    to: 'return true;',
    ...{ tests: ['core/src/projections/projector.test.ts'], name: 'any cut' },
  },
  {
    ...{ file: 'core/src/projections/rewrites.ts', what: 'a refused pair abandons the other one' },
    from: 'if (newest && sent) return',
    to: 'if (false) return',
    ...{ tests: ['core/src/projections/projector.test.ts'], name: 'any cut' },
  },
  {
    ...{ file: 'core/src/projections/projector.ts', what: 'an old record is shown with its old text' },
    ...{ from: 'trustImageMs = 60_000', to: 'trustImageMs = 600_000' },
    ...{ tests: ['core/src/projections/projector.test.ts'], name: 'older than a minute' },
  },
];

const positions: Mutation[] = [
  {
    ...{ file: 'core/src/inbox/read-position.ts', what: 'a read position moves back' },
    ...{ from: 'read_seq < :seq', to: 'read_seq <> :seq' },
    ...{ tests: ['core/src/projections/projector.test.ts'], name: 'a read position never moves back' },
  },
  {
    ...{ file: 'core/src/inbox/summary.ts', what: 'own messages count as unread' },
    ...{ from: 'summary.read_seq >= summary.sent_seq', to: 'true' },
    ...{ tests: ['core/src/projections/projector.test.ts'], name: 'own messages are read' },
  },
  {
    ...{
      file: 'core/src/inbox/summary.ts',
      what: 'a hidden conversation remains hidden after its next message',
    },
    from: 'message_count <= (hidden_count ?? -1)',
    to: 'message_count <= (hidden_count ?? -1) + 1',
    ...{ tests: ['backend/src/routes/settings.test.ts'], name: 'returns with its next message' },
  },
  {
    ...{
      file: 'core/src/inbox/read-position.ts',
      what: 'the answer to mark-read counts only up to the summary',
    },
    from: 'Math.max(0, newest.message_count - position.count)',
    to: 'Math.max(0, summary.message_count - position.count)',
    ...{ tests: ['core/src/projections/projector.test.ts'], name: 'a read position never moves back' },
  },
];

const pages: Mutation[] = [
  {
    ...{
      file: 'core/src/log/pages.ts',
      what: 'a removed member can read entries from the cache of the node',
    },
    from: 'if (await get(memberKey(input.messageGroupUuid, input.userUuid)))',
    to: 'if (memberships.has(nameOf(input)) || (await get(memberKey(input.messageGroupUuid, input.userUuid))))',
    ...{ tests: ['core/src/log/pages.test.ts'], name: 'a removed member and a stranger' },
  },
  {
    ...{ file: 'core/src/log/pages.ts', what: 'the cached newest page is used even if it is outdated' },
    ...{ from: 'if (!next) return', to: 'return' },
    ...{ tests: ['core/src/log/pages.test.ts'], name: 'as new as a read' },
  },
  {
    ...{ file: 'core/src/log/pages.ts', what: 'a page that is not full is cached' },
    from: 'if (!known && page.at(-1)?.seq === beforeSeq - 1)',
    to: 'if (!known)',
    ...{ tests: ['core/src/log/pages.test.ts'], name: 'beyond the end' },
  },
  {
    ...{ file: 'core/src/log/remembered-pages.ts', what: 'an extended page lives for another minute' },
    from: 'ttl: Math.max(1, newest.getRemainingTTL(uuid))',
    to: 'ttl: maxAgeMs',
    ...{ tests: ['core/src/log/pages.test.ts'], name: 'even if the conversation goes on' },
  },
  ...mutationsOf(
    'core/src/log/remembered-pages.ts',
    ['core/src/log/remembered-pages.test.ts'],
    [
      [
        'an entry behind a gap extends the newest page',
        'if (known.at(-1)?.seq !== entry.seq - 1) return undefined;',
        '',
      ],
      ['a newest page grows without a limit', 'known.length < maxNewest', 'true'],
      ['a short page counts as full', 'known.length >= limit || known[0]?.seq === 1', 'true'],
      [
        'a page replaces newer entries',
        'if (page.length > 0 && knownSeq <= (page.at(-1)?.seq ?? 0))',
        'if (true)',
      ],
    ],
  ),
];

const sequencer: Mutation[] = [
  {
    ...{ file: 'backend/src/realtime/sequencer.ts', what: 'after a failure an entry is broadcast again' },
    from: 'position.held.clear();',
    to: 'position.held.clear();\n      position.seq -= 1;',
    tests: ['backend/src/realtime/sequencer.test.ts'],
  },
  {
    ...{ file: 'backend/src/realtime/sequencer.ts', what: 'a gap is skipped without a read' },
    ...{ from: 'first - position.seq - 1 > maxGap', to: 'first - position.seq - 1 > 0' },
    tests: ['backend/src/realtime/sequencer.test.ts'],
  },
  {
    ...{ file: 'backend/src/realtime/sequencer.ts', what: 'a gap waits forever' },
    ...{ from: 'position.timer = undefined;', to: '' },
    tests: ['backend/src/realtime/sequencer.test.ts'],
  },
  {
    ...{ file: 'backend/src/realtime/sequencer.ts', what: 'a failure is not reported' },
    ...{ from: 'onLost(uuid, error);', to: '' },
    tests: ['backend/src/realtime/sequencer.test.ts'],
  },
];

const leases: Mutation[] = [
  {
    ...{ file: 'lambdas/src/runner/leases.ts', what: 'a renewed lease can be acquired' },
    from: "'lease_token = :token AND lease_counter = :counter'",
    to: "'lease_token = :token AND lease_counter >= :counter'",
    ...{ tests: ['lambdas/src/runner/leases.test.ts'], name: 'renewed since it was seen' },
  },
  {
    ...{ file: 'lambdas/src/runner/leases.ts', what: 'a runner that lost its lease moves the checkpoint' },
    from: "'lease_token = :token AND lease_counter <= :counter'",
    to: "'lease_token >= :token AND lease_counter <= :counter'",
    ...{ tests: ['lambdas/src/runner/leases.test.ts'], name: 'a runner that lost its lease' },
  },
  {
    ...{ file: 'lambdas/src/runner/leases.ts', what: 'a late write moves the checkpoint back' },
    from: "'lease_token = :token AND lease_counter <= :counter'",
    to: "'lease_token = :token AND lease_counter <> :counter'",
    ...{ tests: ['lambdas/src/runner/leases.test.ts'], name: 'a runner that lost its lease' },
  },
  {
    ...{
      file: 'lambdas/src/runner/leases.ts',
      what: 'an acquire whose answer was lost does not recognize its own lease',
    },
    from: 'current?.owner === owner && current.token === token + 1 ? current : undefined',
    to: 'undefined',
    ...{ tests: ['lambdas/src/runner/leases.test.ts'], name: 'answer was lost' },
  },
];

const checkpoints: Mutation[] = [
  {
    ...{
      file: 'lambdas/src/runner/progress.ts',
      what: 'every source continues from the checkpoint, not from its own progress',
    },
    from: 'return known ?? { doneTo',
    to: 'return { doneTo',
    ...{ tests: ['lambdas/src/runner/takeover.test.ts'], name: 'only the records that are not done' },
  },
  {
    ...{ file: 'lambdas/src/runner/progress.ts', what: 'a checkpoint of any age is used' },
    ...{ from: 'maxCheckpointAgeMs = 20 * 60 * 60_000', to: 'maxCheckpointAgeMs = 2_000 * 60 * 60_000' },
    ...{ tests: ['lambdas/src/runner/stream-runner.test.ts'], name: 'reaches the summaries|older than 20 h' },
  },
  {
    ...{ file: 'lambdas/src/runner/shard-consumer.ts', what: 'a lost position needs no repair' },
    ...{ from: 'if (!start) repair();', to: '' },
    ...{ tests: ['lambdas/src/runner/stream-runner.test.ts'], name: 'reaches the summaries|older than 20 h' },
  },
];

const signatures: Mutation[] = [
  {
    ...{ file: 'core/src/live/delivery-signature.ts', what: 'a signature is accepted twice' },
    ...{ from: 'if (seen.has(nonce)) return undefined;', to: '' },
    tests: ['core/src/live/delivery-signature.test.ts', 'backend/src/realtime/delivery-server.test.ts'],
  },
  {
    ...{
      file: 'core/src/live/delivery-signature.ts',
      what: 'a nonce is forgotten while its signature is valid',
    },
    ...{ from: 'nowMs - 2 * toleranceMs', to: 'nowMs' },
    tests: ['core/src/live/delivery-signature.test.ts'],
  },
  {
    ...{ file: 'core/src/live/delivery-signature.ts', what: 'a signature is valid for an hour' },
    ...{ from: 'toleranceMs = 5 * 60_000', to: 'toleranceMs = 60 * 60_000' },
    tests: ['core/src/live/delivery-signature.test.ts', 'backend/src/realtime/delivery-server.test.ts'],
  },
  {
    ...{ file: 'core/src/live/delivery-signature.ts', what: 'a signature is valid for every node' },
    ...{ from: "['POST', path, nodeId, length,", to: "['POST', path, length," },
    tests: ['core/src/live/delivery-signature.test.ts', 'backend/src/realtime/delivery-server.test.ts'],
  },
];

const check: Mutation[] = [
  ...mutationsOf(
    'core/src/log/entry-faults.ts',
    ['core/src/log/entry-faults.test.ts', 'core/src/audit/check.test.ts'],
    [
      ['a gap in a log is not a finding', 'if (entry.seq !== history.seq + 1)', 'if (false)'],
      ['a wrong count of messages is not a finding', 'if (entry.message_count !== count)', 'if (false)'],
      [
        'a time before that of the previous entry is not a finding',
        'if (history.newest && entry.created_at < history.newest.created_at)',
        'if (false)',
      ],
      [
        'a doubled message is not a finding',
        'for (const detail of duplicates) faults.push({ invariant: 2, detail });',
        '',
      ],
    ],
    'a gap in a log|a count that is not the number|a time earlier than|comes twice',
  ),
  ...mutationsOf(
    'core/src/log/entry-faults.ts',
    ['core/src/log/entry-faults.test.ts'],
    [
      [
        'a text of an erased person is not a finding',
        'if (withoutErased(entry, history.isErased) !== entry)',
        'if (false)',
      ],
      ['a notice counts as a message', 'countsAsMessage ? 1 : 0', 'countsAsMessage ? 1 : 1'],
    ],
  ),
  ...mutationsOf(
    'core/src/log/fold.ts',
    ['core/src/log/fold.test.ts'],
    [
      [
        'a position beyond the end of the log has a count',
        'seq <= history.seq && Number.isInteger(seq)',
        'true',
      ],
      ['a broken log is checked further', 'if (isBreaking) history.isBroken = true;', ''],
      [
        'a finding for every entry of a broken log',
        'if (history.findings.length >= maxFindings) return;',
        '',
      ],
      ['the mark is ignored', 'if (seq <= mark) ownByMark', 'ownByMark'],
      [
        'texts after the mark are not checked',
        'if (entry.seq >= mark && later.size < maxLater)',
        'if (false)',
      ],
      ['a notice counts as a message of its author', 'if (!kindOf(entry).countsAsMessage) return;', ''],
    ],
  ),
  ...mutationsOf(
    'core/src/log/duplicates.ts',
    ['core/src/log/duplicates.test.ts'],
    [
      ['a window of 199 entries', 'const windowEntries = 200;', 'const windowEntries = 199;'],
      ['a repeated key is not a duplicate', 'if (idempotency_key !== undefined)', 'if (false)'],
      ['a repeated mark is forgotten with the first', '<= seq - windowEntries) seqs', '<= seq) seqs'],
    ],
  ),
  ...mutationsOf(
    'core/src/log/message-counts.ts',
    ['core/src/log/message-counts.test.ts'],
    [
      [
        'a log that is read from the middle has no counts',
        'Math.max(seq + 1, counts.length * 2)',
        'counts.length * 2',
      ],
      ['counts are lost when the buffer grows', 'larger.set(counts);', ''],
    ],
  ),
  {
    ...{ file: 'core/src/conversations/faults.ts', what: 'a summary that is behind is not a finding' },
    ...{ from: 'if (summary.last_seq < mustReach)', to: 'if (false)' },
    ...{ tests: ['core/src/audit/check.test.ts'], name: 'a summary behind the log' },
  },
  {
    ...{
      file: 'core/src/conversations/faults.ts',
      what: 'a count that does not match its position is not a finding',
    },
    ...{ from: 'if (counted !== count)', to: 'if (false)' },
    ...{ tests: ['core/src/audit/check.test.ts'], name: 'a read count of another' },
  },
  {
    ...{
      file: 'core/src/conversations/faults.ts',
      what: 'a member who is not one by the log is not a finding',
    },
    ...{ from: 'if (!history.members.has(userUuid))', to: 'if (false)' },
    ...{ tests: ['core/src/audit/check.test.ts'], name: 'a member of a group who is not' },
  },
  {
    ...{ file: 'core/src/audit/scan.ts', what: 'a summary of a person who is not a member is not a finding' },
    from: 'suspects.orphans.push(...orphans);',
    to: '',
    ...{ tests: ['core/src/audit/check.test.ts'], name: 'a summary of a person' },
  },
];

const campaign: Mutation[] = [
  {
    ...{ file: 'proof/faults/src/checker/sends.ts', what: 'acknowledged sends are not checked' },
    from: 'if (entry && logs.get(call.group)?.[entry.seq - 1]?.uuid !== entry.uuid)',
    to: 'if (false)',
    tests: ['proof/faults/src/checker/losses.test.ts', 'proof/faults/src/checker/check.test.ts'],
  },
  {
    ...{
      file: 'proof/faults/src/checker/check.ts',
      what: 'a conversation that was not read at the end is not a violation',
    },
    ...{ from: '.filter((group) => !logs.has(group))', to: '.filter(() => false)' },
    tests: ['proof/faults/src/checker/losses.test.ts'],
  },
  {
    ...{ file: 'proof/faults/src/checker/changes.ts', what: 'an acknowledged change needs no entry' },
    ...{ from: 'let isHeld = isTrue(state, call);', to: 'let isHeld = true;' },
    tests: ['proof/faults/src/checker/losses.test.ts'],
  },
  {
    ...{
      file: 'proof/faults/src/checker/changes.ts',
      what: 'a change may have been in effect at any earlier time',
    },
    ...{ from: 'let state = foldAll(log.slice(0, from));', to: 'let state = foldAll(log.slice(0, 1));' },
    tests: ['proof/faults/src/checker/losses.test.ts'],
  },
  {
    ...{ file: 'proof/faults/src/checker/accounts.ts', what: 'a signed-out token may be accepted' },
    ...{ from: '&& status !== 401)', to: '&& status === 0)' },
    tests: ['proof/faults/src/checker/losses.test.ts'],
  },
  {
    ...{ file: 'proof/faults/src/checker/settings.ts', what: 'settings are not checked' },
    ...{ from: 'if (value === undefined) return [];', to: 'return [];' },
    tests: ['proof/faults/src/checker/losses.test.ts'],
  },
  {
    ...{
      file: 'proof/faults/src/checker/membership.ts',
      what: 'the members in the table may differ from the log',
    },
    ...{ from: 'if (rolesOf(members) !== byLog.roles)', to: 'if (false)' },
    tests: ['proof/faults/src/checker/losses.test.ts'],
  },
];

const api: Mutation[] = [
  ...mutationsOf(
    'backend/src/realtime/conversations.ts',
    ['backend/src/realtime/conversations.test.ts'],
    [
      [
        'an entry reaches nobody ahead of its row',
        'for (const userUuid of here) sockets.send(userUuid, frame);',
        '',
      ],
    ],
    'every device',
  ),
  ...mutationsOf(
    'backend/src/http/serve.ts',
    ['backend/src/http/serve.test.ts'],
    [['bytes that are not UTF-8 are a body', ' || !isUtf8(bytes)', '']],
    'a body',
  ),
  ...mutationsOf(
    'backend/src/http/serve.ts',
    ['backend/src/http/serve.test.ts'],
    [['a refused method does not name HEAD', "methods.includes('GET') ? ['HEAD'] : []", '[]']],
    'a path',
  ),
  ...mutationsOf(
    'backend/src/realtime/receiver.ts',
    ['backend/src/realtime/receiver.test.ts'],
    [['junk never closes a socket', 'connection.junk >= maxJunk || ', '']],
    'does not parse',
  ),
  ...mutationsOf(
    'backend/src/realtime/receiver.ts',
    ['backend/src/realtime/receiver.test.ts'],
    [
      [
        'an unknown action succeeds',
        "if (!command) throw new AppError('action_unknown');",
        'if (!command) return {};',
      ],
    ],
    'wrong action or payload',
  ),
];

export const mutations: Mutation[] = [
  ...[...log, ...queue, ...tail, ...kinds, ...rosters, ...projector, ...positions, ...pages, ...sequencer],
  ...[...leases, ...checkpoints, ...signatures, ...check, ...campaign, ...api],
  ...guardedBy({ ...guardedFiles, ...guardedClientFiles, ...guardedBackendFiles }),
];
