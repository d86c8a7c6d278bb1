import { randomUUID } from 'node:crypto';
import * as messages from '@parley/core/conversations/messages';
import * as summaries from '@parley/core/inbox/summaries';
import { createLog } from '@parley/core/log/log';
import { createPages } from '@parley/core/log/pages';
import { createProjector } from '@parley/core/projections/projector';
import { withEngine } from '../engine.ts';
import { counted, type Figure } from '../figures.ts';
import { text60 } from '../load/drive.ts';
import { makePeople, makePerson, recordsOf } from '../people.ts';
import type { Scenario } from '../scenario.ts';
import { countUnits } from '../units/count-units.ts';

const conversationsOfPerson = 150;
const messagesInHistory = 200;

/** Read units of pages and sends, on a node that has the conversation in memory and on one that has not. */
export const readUnits: Scenario = {
  name: 'read-units',
  about: 'read units of pages and sends',
  run: ({ isQuick }) =>
    withEngine(async (table) => {
      const log = createLog(table, { batch: 'statements' });
      const sender = makePerson('owner');
      const others = makePeople(isQuick ? 25 : conversationsOfPerson);
      const first = await Promise.all(
        others.map((recipient) => messages.sendDirect(log, { sender, recipient, message: text60 })),
      );
      const messageGroupUuid = first[0]?.message_group_uuid ?? '';
      const send = (node: typeof log, knownSeq?: number) =>
        messages.send(node, {
          ...{ sender, messageGroupUuid, message: text60, knownSeq },
          idempotencyKey: randomUUID(),
        });
      for (let index = 1; index < messagesInHistory; index += 1) await send(log, index);
      await createProjector(table).project(recordsOf(first));

      const newest = summaries.createNewestEntries(table);
      const inbox = { userUuid: sender.uuid, limit: 20 };
      const page = { userUuid: sender.uuid, messageGroupUuid, limit: 20 };
      const { next } = await summaries.list(table, newest, inbox);
      const warm = createPages(table);
      const cold = () => createLog(table, { batch: 'statements' });
      const reads: [name: string, atMost: number | undefined, read: () => Promise<unknown>][] = [
        ['inbox, first page of 20', 3, () => summaries.list(table, newest, inbox)],
        ['inbox, next page of 20', 3, () => summaries.list(table, newest, { ...inbox, after: next })],
        ['history, newest page of 20, cold, the first of a member on a node', 3, () => warm.list(page)],
        ['history, newest page of 20, warm', 3, () => warm.list(page)],
        ['history, page of 20 before, cold', 3, () => warm.list({ ...page, beforeSeq: 100 })],
        [
          'history, page of 20 before, cold, the first of a member on a node',
          3,
          () => createPages(table).list({ ...page, beforeSeq: 100 }),
        ],
        ['send, warm', 1, () => send(log, messagesInHistory)],
        ['send, cold with known_seq', 3, () => send(cold(), messagesInHistory)],
        ['send, cold without known_seq', undefined, () => send(cold())],
      ];
      const units = countUnits(table);
      const figures: Figure[] = [];
      for (const [name, atMost, read] of reads) {
        units.reset();
        await read();
        const target = atMost === undefined ? undefined : ({ of: 'value', atMost } as const);
        figures.push(counted('read-units', name, units.reset().read, 'read units', { target }));
      }
      return figures;
    }),
};
