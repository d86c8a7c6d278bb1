import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as messageGroups from '@parley/core/conversations/message-groups';
import * as messages from '@parley/core/conversations/messages';
import type { Person } from '@parley/core/log/entries';
import { createLog, type Log } from '@parley/core/log/log';
import type { Table } from '@parley/core/table/client';
import { noteText } from '@parley/engines/testing/suite-log';

const text = 'of a writer in these tests';

export const person = (name: string): Person => ({ uuid: randomUUID(), handle: name, display_name: name });

/** Sends messages in turn in a number of direct conversations until it is stopped. */
export function startWriters(table: Table, { conversations = 12, pauseMs = 20 } = {}) {
  noteText(text);
  const log = createLog(table, { batch: 'transactions' });
  const pairs = Array.from({ length: conversations }, () => [person('one'), person('other')] as const);
  let isStopping = false;
  let written = 0;
  const running = (async () => {
    for (let turn = 0; !isStopping; turn += 1) {
      const [sender, recipient] = pairs[turn % pairs.length] ?? [];
      if (!sender || !recipient) return;
      await messages.sendDirect(log, { sender, recipient, message: `${turn} ${text}` });
      written += 1;
      await sleep(pauseMs);
    }
  })();
  return {
    written: () => written,
    async stop() {
      isStopping = true;
      await running;
    },
  };
}

/** Creates a large group. Returns its uuid, its creator and one other member. */
export async function createLargeGroup(log: Log) {
  const [creator, reader] = [person('creator'), person('reader')];
  const somebody = (count: number) => Array.from({ length: count }, () => person('somebody'));
  const people = [reader, ...somebody(47)];
  const { group } = await messageGroups.create(log, { creator, title: 'large', people });
  const messageGroupUuid = group.message_group_uuid;
  for (const count of [48, 6])
    await messageGroups.addMembers(log, { messageGroupUuid, actor: creator, people: somebody(count) });
  return { messageGroupUuid, creator, reader };
}
