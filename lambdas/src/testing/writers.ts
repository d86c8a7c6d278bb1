import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Person } from '@parley/core/entries';
import { createLog } from '@parley/core/log';
import * as messages from '@parley/core/messages';
import type { Table } from '@parley/core/table/client';

const person = (name: string): Person => ({ uuid: randomUUID(), handle: name, display_name: name });

/** People who write to each other, in as many direct conversations, until they are told to stop. */
export function startWriters(table: Table, { conversations = 12, pauseMs = 20 } = {}) {
  const log = createLog(table, { batch: 'transactions' });
  const pairs = Array.from({ length: conversations }, () => [person('one'), person('other')] as const);
  let isStopping = false;
  let written = 0;
  const running = (async () => {
    for (let turn = 0; !isStopping; turn += 1) {
      const [sender, recipient] = pairs[turn % pairs.length] ?? [];
      if (!sender || !recipient) return;
      await messages.sendDirect(log, { sender, recipient, message: `message ${turn}` });
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
