import { randomUUID } from 'node:crypto';
import * as messages from '@parley/core/conversations/messages';
import type { Entry } from '@parley/core/log/entries';
import { createLog } from '@parley/core/log/log';
import type { Table } from '@parley/core/table/client';
import { summaryKey } from '@parley/core/table/keys';
import { setAttribute } from '@parley/engines/testing/test-table';

/** Creates a conversation with one message and sets the `message_count` of the recipient's summary to 7. */
export async function brokenConversation(table: Table): Promise<Entry> {
  const person = (handle: string) => ({ uuid: randomUUID(), handle, display_name: handle });
  const [sender, recipient] = [person('one'), person('other')];
  const log = createLog(table, { batch: 'statements' });
  const entry = await messages.sendDirect(log, { sender, recipient, message: 'x' });
  await setAttribute(table, summaryKey(recipient.uuid, entry.message_group_uuid), 'message_count', 7);
  return entry;
}
