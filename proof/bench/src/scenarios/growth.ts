import * as messages from '@parley/core/conversations/messages';
import * as summaries from '@parley/core/inbox/summaries';
import { createLog } from '@parley/core/log/log';
import { createPages } from '@parley/core/log/pages';
import type { Table } from '@parley/core/table/client';
import { startEngine } from '../engine.ts';
import { compared, type Figure } from '../figures.ts';
import { makePeople, makePerson, text60 } from '../people.ts';
import type { Scenario } from '../scenario.ts';
import { createGroup } from './fan-out.ts';

type Task = () => Promise<unknown>;

/** Compares the time of pages and sends in a small and in a large table. */
export const growth: Scenario = {
  name: 'growth',
  about: 'pages and sends as conversations, inboxes and groups grow',
  async run({ isQuick, isFull, log: print }) {
    const sizes = {
      entries: isQuick ? [20, 100] : [1_000, isFull ? 1_000_000 : 50_000],
      conversations: isQuick ? [5, 10] : [20, isFull ? 5_000 : 1_000],
      members: isQuick ? [3, 10] : [10, 1_000],
    } as const;
    // The first page of both inboxes, and the page after it.
    const pageLimit = isQuick ? 2 : 10;
    const engine = await startEngine({ hasStream: false });
    try {
      const table = engine.connect();
      const figures: Figure[] = [];
      const measure = async (
        name: string,
        sizes: readonly number[],
        make: (size: number) => Promise<Task[]>,
        names: string[],
      ) => {
        const [few, many] = sizes;
        const small = await make(few ?? 0);
        const large = await make(many ?? 0);
        for (const [index, what] of names.entries())
          figures.push(
            await ratio(`${what}, ${few} -> ${many} ${name}`, small[index], large[index], isQuick),
          );
      };
      await measure('entries', sizes.entries, (size) => ofEntries(table, size), [
        'newest page',
        'page in the middle',
        'send',
      ]);
      print('entries measured');
      await measure(
        'conversations of a person',
        sizes.conversations,
        (size) => ofConversations(table, size, pageLimit),
        ['inbox, first page', 'inbox, next page'],
      );
      await measure('members', sizes.members, (size) => ofMembers(table, size), [
        'newest page of a group',
        'send to a group',
      ]);
      return figures;
    } finally {
      await engine.stop();
    }
  },
};

async function ofEntries(table: Table, size: number): Promise<Task[]> {
  const log = createLog(table, { batch: 'transactions', deadlineMs: 60_000 });
  const [sender, recipient] = makePeople(2);
  if (!sender || !recipient) throw new Error('two people');
  const first = await messages.sendDirect(log, { sender, recipient, message: text60 });
  const messageGroupUuid = first.message_group_uuid;
  const send = () => messages.send(log, { sender, messageGroupUuid, message: text60 });
  for (let sent = 1; sent < size; sent += 500)
    await Promise.all(Array.from({ length: Math.min(500, size - sent) }, send));
  const page = { userUuid: sender.uuid, messageGroupUuid, limit: 20 };
  return [
    () => createPages(table).list(page),
    () => createPages(table).list({ ...page, beforeSeq: Math.floor(size / 2) }),
    send,
  ];
}

async function ofConversations(table: Table, size: number, limit: number): Promise<Task[]> {
  const log = createLog(table, { batch: 'transactions' });
  const sender = makePerson('sender');
  const others = makePeople(size);
  for (let start = 0; start < size; start += 50)
    await Promise.all(
      others
        .slice(start, start + 50)
        .map((recipient) => messages.sendDirect(log, { sender, recipient, message: text60 })),
    );
  const heads = summaries.createNewestEntries(table);
  const page = { userUuid: sender.uuid, limit };
  const { next } = await summaries.list(table, heads, page);
  return [
    () => summaries.list(table, heads, page),
    () => summaries.list(table, heads, { ...page, after: next }),
  ];
}

async function ofMembers(table: Table, size: number): Promise<Task[]> {
  const log = createLog(table, { batch: 'transactions' });
  const everyone = makePeople(size);
  const messageGroupUuid = await createGroup(table, everyone);
  const [sender] = everyone;
  if (!sender) throw new Error('a member');
  const send = () => messages.send(log, { sender, messageGroupUuid, message: text60 });
  for (let count = 0; count < 20; count += 1) await send();
  return [() => createPages(table).list({ userUuid: sender.uuid, messageGroupUuid, limit: 20 }), send];
}

async function ratio(
  name: string,
  small: Task | undefined,
  large: Task | undefined,
  isQuick: boolean,
): Promise<Figure> {
  if (!small || !large) throw new Error('two tasks');
  const [rounds, calls] = isQuick ? [1, 3] : [7, 60];
  const timed = async (task: Task) => {
    const startedAtMs = performance.now();
    for (let call = 0; call < calls; call += 1) await task();
    return (performance.now() - startedAtMs) / calls;
  };
  await timed(small);
  await timed(large);
  const times = { small: [] as number[], large: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    times.small.push(await timed(small));
    times.large.push(await timed(large));
  }
  return compared(
    { scenario: 'growth', name, unit: 'ms', target: { of: 'ratio', atMost: 1.2 } },
    times.large,
    { name: 'the small one', rounds: times.small },
  );
}
