import { randomUUID } from 'node:crypto';
import * as messages from '@parley/core/conversations/messages';
import * as summaries from '@parley/core/inbox/summaries';
import { createLog } from '@parley/core/log/log';
import { createPages } from '@parley/core/log/pages';
import { createProjector } from '@parley/core/projections/projector';
import { startEngine } from '../engine.ts';
import { counted, type Figure } from '../figures.ts';
import { makePeople, makePerson, recordsOf, text60 } from '../people.ts';
import type { Scenario } from '../scenario.ts';
import { countUnits } from '../units/count-units.ts';

const conversationsOfPerson = 150;
const messagesInHistory = 200;

/** Read units of pages and sends, on a node that has the conversation in memory and on one that has not. */
export const readUnits: Scenario = {
  name: 'read-units',
  about: 'read units of pages and sends',
  async run({ isQuick }) {
    const engine = await startEngine({ hasStream: false });
    try {
      const table = engine.connect();
      const log = createLog(table, { batch: 'statements' });
      const owner = makePerson('owner');
      const others = makePeople(isQuick ? 25 : conversationsOfPerson);
      const first = await Promise.all(
        others.map((recipient) => messages.sendDirect(log, { sender: owner, recipient, message: text60 })),
      );
      const messageGroupUuid = first[0]?.message_group_uuid ?? '';
      const send = (node: typeof log, knownSeq?: number) =>
        messages.send(node, {
          sender: owner,
          messageGroupUuid,
          message: text60,
          idempotencyKey: randomUUID(),
          knownSeq,
        });
      for (let index = 1; index < messagesInHistory; index += 1) await send(log, index);
      await createProjector(table).project(recordsOf(first));

      const units = countUnits(table);
      const figures: Figure[] = [];
      const reads = async (name: string, atMost: number | undefined, task: () => Promise<unknown>) => {
        units.reset();
        await task();
        figures.push(
          counted('read-units', name, units.reset().read, 'read units', {
            target: atMost === undefined ? undefined : { of: 'value', atMost },
          }),
        );
      };
      const heads = summaries.createNewestEntries(table);
      const inbox = { userUuid: owner.uuid, limit: 20 };
      const page = { userUuid: owner.uuid, messageGroupUuid, limit: 20 };
      const { next } = await summaries.list(table, heads, inbox);
      await reads('inbox, first page of 20', 3, () => summaries.list(table, heads, inbox));
      await reads('inbox, next page of 20', 3, () => summaries.list(table, heads, { ...inbox, after: next }));
      const warm = createPages(table);
      await reads('history, newest page of 20, cold, the first of a member on a node', 3, () =>
        warm.list(page),
      );
      await reads('history, newest page of 20, warm', 3, () => warm.list(page));
      await reads('history, page of 20 before, cold', 3, () => warm.list({ ...page, beforeSeq: 100 }));
      await reads('history, page of 20 before, cold, the first of a member on a node', 3, () =>
        createPages(table).list({ ...page, beforeSeq: 100 }),
      );
      await reads('send, warm', 1, () => send(log, messagesInHistory));
      const cold = () => createLog(table, { batch: 'statements' });
      await reads('send, cold with known_seq', 3, () => send(cold(), messagesInHistory));
      await reads('send, cold without known_seq', undefined, () => send(cold()));
      return figures;
    } finally {
      await engine.stop();
    }
  },
};
