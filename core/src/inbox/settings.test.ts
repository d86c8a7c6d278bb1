import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import * as messageGroups from '../conversations/message-groups.ts';
import * as messages from '../conversations/messages.ts';
import { createLog, type Log } from '../log/log.ts';
import { person } from '../testing/people.ts';
import * as settings from './settings.ts';
import * as summaries from './summaries.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let log: Log;
beforeAll(async () => {
  table = await createTestTable();
  log = createLog(table, { batch: 'transactions' });
});
afterAll(() => table.drop());

it('returns a consistent summary, even for a repeat before the messages are projected', async () => {
  const [ada, bob] = [person('ada'), person('bob')];
  const { group } = await messageGroups.create(log, { creator: ada, title: 'quiet', people: [bob] });
  const messageGroupUuid = group.message_group_uuid;
  for (const message of ['a', 'b']) await messages.send(log, { sender: ada, messageGroupUuid, message });
  const hide = { userUuid: bob.uuid, messageGroupUuid, hidden: true };
  const hidden = await settings.change(table, hide);
  const repeated = await settings.change(table, hide);
  for (const summary of [hidden, repeated]) {
    expect(summaries.isHidden(summary)).toBe(true);
    // The group's first entry is read, and each entry after it is a message.
    expect(summaries.unreadCount(summary)).toBe(summary.last_seq - 1);
  }
  const [stored] = await summaries.getMany(table, messageGroupUuid, [bob.uuid]);
  expect(stored).toMatchObject({ last_seq: 1, hidden_count: 2, settings_version: 1 });
});
