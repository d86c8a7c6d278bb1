import { parseArgs } from 'node:util';
import { UsageError } from '@parley/config/explain';
import * as summaries from '@parley/core/inbox/summaries';
import { limitOf, personOf } from './arguments.ts';
import { measureCapacity } from './capacity.ts';
import { connect, run } from './connect.ts';
import { counted, printRows } from './print.ts';

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, limit: { type: 'string' } },
  });
  const [name] = positionals;
  if (!name || positionals.length > 1) throw new UsageError('Give a handle or a uuid. See --help.');
  const limit = limitOf(values.limit, 20);
  const { table, pool, close } = connect();
  try {
    const person = await personOf(pool, name);
    const consumed = measureCapacity(table);
    const inbox = await summaries.list(table, summaries.createNewestEntries(table), {
      userUuid: person.uuid,
      limit,
    });
    printRows(inbox.summaries.map(rowOf), values);
    const unread = inbox.unreadConversations;
    console.error(
      `${counted(inbox.summaries.length, 'conversation')} of ${person.handle}${inbox.next ? ' (there are more: --limit)' : ''}, ` +
        `${unread?.count}${unread?.isMore ? '+' : ''} unread, ${consumed()}`,
    );
    return 0;
  } finally {
    await close();
  }
}

const rowOf = (summary: summaries.Summary) => ({
  last_message_at: summary.last_message_at,
  uuid: summary.message_group_uuid,
  kind: summary.kind,
  name: summary.title ?? summary.user_display_name,
  unread: summaries.unreadCount(summary),
  last_seq: summary.last_seq,
  message: summary.message,
});

await run(main);
