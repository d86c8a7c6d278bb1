import * as messages from '@parley/core/conversations/messages';
import * as summaries from '@parley/core/inbox/summaries';
import { createLog } from '@parley/core/log/log';
import { createPages } from '@parley/core/log/pages';
import type { Table } from '@parley/core/table/client';
import { withEngine } from '../engine.ts';
import { compared, type Figure } from '../figures.ts';
import { text60 } from '../load/drive.ts';
import { makeMany, makePeople, makePerson } from '../people.ts';
import { alternate } from '../rounds.ts';
import type { Scenario } from '../scenario.ts';
import { createGroup } from './fan-out.ts';

type Task = () => Promise<unknown>;
type Growth = {
  what: string;
  sizes: [few: number, many: number];
  /** Names of the tasks that `make` returns. */
  names: string[];
  make: (table: Table, size: number) => Promise<Task[]>;
};

/** Compares the time of pages and sends in a small and in a large table. */
export const growth: Scenario = {
  name: 'growth',
  about: 'pages and sends as conversations, inboxes and groups grow',
  run: ({ isQuick, isFull, log }) =>
    withEngine(async (table) => {
      const cases: Growth[] = [
        {
          what: 'entries',
          sizes: isQuick ? [20, 100] : [1_000, isFull ? 1_000_000 : 50_000],
          names: ['newest page', 'page in the middle', 'send'],
          make: ofEntries,
        },
        {
          what: 'conversations of a person',
          sizes: isQuick ? [5, 10] : [20, isFull ? 5_000 : 1_000],
          names: ['inbox, first page', 'inbox, next page'],
          make: ofConversations,
        },
        {
          what: 'members',
          sizes: isQuick ? [3, 10] : [10, 1_000],
          names: ['newest page of a group', 'send to a group'],
          make: ofMembers,
        },
      ];
      const figures: Figure[] = [];
      for (const { what, sizes, names, make } of cases) {
        const [few, many] = sizes;
        const [small, large] = [await make(table, few), await make(table, many)];
        for (const [index, name] of names.entries())
          figures.push(
            await ratio(`${name}, ${few} -> ${many} ${what}`, [small[index], large[index]], isQuick),
          );
        log(`${what} measured`);
      }
      return figures;
    }),
};

async function ofEntries(table: Table, size: number): Promise<Task[]> {
  const log = createLog(table, { batch: 'transactions', deadlineMs: 60_000 });
  const [sender, recipient] = [makePerson('sender'), makePerson('recipient')];
  const first = await messages.sendDirect(log, { sender, recipient, message: text60 });
  const messageGroupUuid = first.message_group_uuid;
  const send = () => messages.send(log, { sender, messageGroupUuid, message: text60 });
  await makeMany(size - 1, 500, send);
  const page = { userUuid: sender.uuid, messageGroupUuid, limit: 20 };
  return [
    () => createPages(table).list(page),
    () => createPages(table).list({ ...page, beforeSeq: Math.floor(size / 2) }),
    send,
  ];
}

async function ofConversations(table: Table, size: number): Promise<Task[]> {
  const log = createLog(table, { batch: 'transactions' });
  const sender = makePerson('sender');
  const others = makePeople(size);
  await makeMany(size, 50, (index) =>
    messages.sendDirect(log, { sender, recipient: others[index] ?? sender, message: text60 }),
  );
  const newest = summaries.createNewestEntries(table);
  // The first page of both inboxes, and the page after it.
  const page = { userUuid: sender.uuid, limit: size < 20 ? 2 : 10 };
  const { next } = await summaries.list(table, newest, page);
  return [
    () => summaries.list(table, newest, page),
    () => summaries.list(table, newest, { ...page, after: next }),
  ];
}

async function ofMembers(table: Table, size: number): Promise<Task[]> {
  const log = createLog(table, { batch: 'transactions' });
  const sender = makePerson('sender');
  const messageGroupUuid = await createGroup(table, [sender, ...makePeople(size - 1)]);
  const send = () => messages.send(log, { sender, messageGroupUuid, message: text60 });
  for (let count = 0; count < 20; count += 1) await send();
  return [() => createPages(table).list({ userUuid: sender.uuid, messageGroupUuid, limit: 20 }), send];
}

async function ratio(name: string, tasks: (Task | undefined)[], isQuick: boolean): Promise<Figure> {
  const calls = isQuick ? 3 : 60;
  const timing = tasks.map((task) => async () => {
    const startedAtMs = performance.now();
    for (let call = 0; call < calls; call += 1) await task?.();
    return (performance.now() - startedAtMs) / calls;
  });
  const [small = [], large = []] = await alternate(
    timing,
    { isQuick },
    { rounds: 7, seconds: 0, warmUpSeconds: 0 },
  );
  return compared({ scenario: 'growth', name, unit: 'ms', target: { of: 'ratio', atMost: 1.2 } }, large, {
    name: 'the small one',
    rounds: small,
  });
}
