import type { Row } from './guarded-files.ts';

/** Mutations of files in client/ that the tests of the same name detect. */
export const guardedClientFiles: Record<string, Row[]> = {
  'client/src/live/answers.ts': [
    ['a refusal asks for an hour', 'Math.min(retry_after * 1_000, longestPauseMs)', 'retry_after * 1_000'],
    ['a request waits forever', "reject(new Error('no answer'));", ''],
    ['an answered request keeps its timer', 'clearTimeout(request.timer);', ''],
  ],
  'client/src/live/retries.ts': [
    ['a success does not reset the pauses', 'attempt = 0;\n    },', '},'],
    ['a second refusal of tokens causes no pause', 'isRefused && attempt === 0', 'isRefused'],
    ['a pause outlives its attempt', 'leastMs = 0;\n    },', '},'],
    [
      'a hint counts more than a refusal',
      'Math.max(leastMs, hintOf(reason) ?? backoffMs(attempt))',
      'hintOf(reason) ?? backoffMs(attempt)',
    ],
    ['any close reason may contain a hint', '/^reconnect', '/reconnect'],
  ],
  'client/src/live/upkeep.ts': [
    ['a token may expire between two intervals', '2 * pingEveryMs', 'pingEveryMs / 2'],
    ['a busy gateway ends the token', ' && error.code === tokenRefused', ''],
    ['a refused ping loses the socket', 'if (!(error instanceof Refusal)) onLost', 'onLost'],
    ['a second start pings twice', 'clearInterval(timer);\n      timer =', 'timer ='],
  ],
  'client/src/live/events.ts': [
    ['an unknown event calls any method of its name', 'if (!Object.hasOwn(handlers, event)) return;', ''],
  ],
  'client/src/live/socket.ts': [
    ['opening a socket has no time limit', 'listeners.onLost(), openTimeoutMs', '{}, openTimeoutMs'],
    ['a close has no code', 'listeners.onLost(code, reason)', 'listeners.onLost()'],
  ],
  'client/src/live/connection.ts': [
    [
      'a connection that was closed by its listener opens again',
      "retries.schedule(code === unauthorized, reason);\n    change('waiting');",
      "change('waiting');\n    retries.schedule(code === unauthorized, reason);",
    ],
    ['a manual retry opens a second socket', "if (state === 'waiting') open();", 'open();'],
    ['requests outlive their socket', 'answers.rejectAll();', ''],
    [
      'the pause of a refusal is ignored',
      'if (error instanceof Refusal) retries.waitAtLeast(error.retryAfterMs);',
      '',
    ],
  ],
  'client/src/sync/erasures.ts': [
    ['a late group brings an erased name back', 'isErased(uuid, member.uuid) ? {', 'false ? {'],
    [
      'an erasure counts in every conversation',
      'erased.get(uuid)?.has(userUuid)',
      '[...erased.values()].some((each) => each.has(userUuid))',
    ],
    [
      'a second erasure replaces the first',
      '(erased.get(uuid) ?? new Set()).add(user_uuid)',
      'new Set([user_uuid])',
    ],
    ['conversations are read again forever', 'changed.clear();', ''],
  ],
  'client/src/sync/inbox-rows.ts': [
    [
      'an old answer of settings wins over a newer row',
      '?.settings_version === versionBefore',
      '!== undefined',
    ],
    ['a change is announced by nobody', 'inbox = next;\n    onChange();', 'inbox = next;'],
  ],
  'client/src/sync/inbox-sync.ts': [
    ['two readers read one page twice', 'nextPage = undefined;', ''],
    ['a failed page is lost', 'nextPage = path;', ''],
    ['a later read begins the pages again', "if (status !== 'ready') nextPage = next;", 'nextPage = next;'],
    ['a later failure hides the inbox', "if (status !== 'ready') status = 'failed';", "status = 'failed';"],
    ['a bug of the client is swallowed', 'if (!isExpected(error)) throw error;', ''],
    ['rows behind the page count as missing', 'row.created_at > from && ', ''],
    ['the hidden list keeps what is gone', 'refreshMissing(page, true);', ''],
  ],
  'client/src/sync/opening.ts': [
    ['a change during the load is missed', 'if (isChanged()) void refreshGroup(uuid);', ''],
    [
      'an event during the load is overwritten',
      '    conversations.update(uuid, { group });\n    const newAfter',
      '    const newAfter',
    ],
    ['a refusal wins over a newer change', 'if (isMissing(error) && isChanged()) return begin(uuid);', ''],
    [
      'a conversation that is shown again stays closed',
      "if (conversations.get(uuid)?.status === 'missing') void begin(uuid);",
      '',
    ],
    ['reads of a group overlap', 'if (running.has(uuid)) return;', ''],
    ['little that is unread opens far above', 'pageSize / 2', '0'],
    [
      'an open conversation moves to the front of those that are dropped',
      'conversations.moveLast(uuid);',
      '',
    ],
  ],
  'client/src/sync/receipts.ts': [
    ['a position that failed is never sent again', 'if (sent.get(uuid) === seq) sent.delete(uuid);', ''],
    ['a receipt moves a member back', '(member.read_seq ?? 0) < read_seq', 'true'],
    ['a large group has receipts', 'if (members.length > maxReceiptMembers) return;', ''],
    ['part of a read clears the badge', 'if (read_seq >= row.last_seq) inbox', 'if (true) inbox'],
    ['opening a group for the first time is no news', '&& isUnopened(uuid) &&', '&& false &&'],
  ],
  'client/src/sync/catch-up.ts': [
    ['an event during a read is missed', 'repeats.add(uuid);', ''],
    ['thousands of entries are read at once', 'if (known.history.newest - after > maxCatchUp) return;', ''],
    ['a read ends after one page', 'if (page.length < catchUpPage && isAtEnd', 'if (true || isAtEnd'],
    ['a failed read is the last', 'running.delete(uuid);', ''],
  ],
  'client/src/sync/windows.ts': [
    ['a page is read twice', ' || known.isLoadingOlder ||', ' ||'],
    ['what was read above is cut at once', "trimLater(uuid, 'end');", "trimLater(uuid, 'start');"],
    ['live entries are cut one by one', '> maxWindow + catchUpPage', '> maxWindow'],
    [
      'a failed page stays under way',
      '.catch(() => []);\n      conversations.updateHistory(uuid, (history) => prepend',
      ';\n      conversations.updateHistory(uuid, (history) => prepend',
    ],
    ['a closed window is cut', 'for (const timer of trims.values()) clearTimeout(timer);', ''],
    [
      'a read of changed texts skips the first page',
      'firstSeq(loaded.history) - 1; after',
      'firstSeq(loaded.history) + 99; after',
    ],
  ],
  'client/src/sync/conversations.ts': [
    [
      'the conversation that was opened last is dropped',
      'const [oldest] = loaded.keys();',
      'const oldest = [...loaded.keys()].at(-1);',
    ],
    ['any number of conversations stays loaded', 'loaded.size > maxConversations', 'false'],
    [
      'a conversation that is opened again stays the oldest',
      'loaded.delete(uuid);\n      loaded.set(uuid, known);',
      'loaded.set(uuid, known);',
    ],
    [
      'a change is announced by nobody',
      'loaded.set(uuid, { ...known, ...part });\n    onChange();',
      'loaded.set(uuid, { ...known, ...part });',
    ],
  ],
};
