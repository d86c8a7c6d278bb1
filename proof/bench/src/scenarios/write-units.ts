import * as messages from '@parley/core/conversations/messages';
import { createLog } from '@parley/core/log/log';
import { createProjector } from '@parley/core/projections/projector';
import { withEngine } from '../engine.ts';
import { counted, type Figure } from '../figures.ts';
import { text60 } from '../load/drive.ts';
import { makePeople, recordsOf } from '../people.ts';
import type { Scenario } from '../scenario.ts';
import { countUnits } from '../units/count-units.ts';

const conversations = 8;
const perSecond = 500;
const passMs = 50;

/** Write units of messages in direct conversations, with the code that runs on AWS: statements and the projector. */
export const writeUnits: Scenario = {
  name: 'write-units',
  about: 'write units a message costs in a direct conversation',
  run: ({ isQuick }) =>
    withEngine(async (table) => {
      const log = createLog(table, { batch: 'statements' });
      const projector = createProjector(table);
      const people = makePeople(2 * conversations);
      const send = (index: number) => {
        const from = 2 * (index % conversations);
        const [sender, recipient] = [people[from], people[from + 1]];
        if (!sender || !recipient) throw new Error('a conversation needs two people');
        return messages.sendDirect(log, { sender, recipient, message: text60 });
      };
      /** One pass of the projector over so many messages. */
      const pass = async (first: number, count: number) => {
        const sends = Array.from({ length: count }, (_, index) => send(first + index));
        await projector.project(recordsOf(await Promise.all(sends)));
      };
      const units = countUnits(table);
      await pass(0, conversations);
      units.reset();

      const alone = isQuick ? 5 : 100;
      for (let index = 0; index < alone; index += 1) await pass(index, 1);
      const uncoalesced = units.reset();

      const passes = isQuick ? 2 : 40;
      const perPass = (perSecond * passMs) / 1_000;
      for (let index = 0; index < passes; index += 1) await pass(index * perPass, perPass);
      const coalesced = units.reset();
      return [
        perMessage('alone', uncoalesced.write / alone, 7),
        perMessage(
          `${perSecond}/s in ${conversations} conversations, a pass every ${passMs} ms`,
          coalesced.write / (passes * perPass),
          3.5,
        ),
      ];
    }),
};

const perMessage = (name: string, value: number, atMost: number): Figure =>
  counted('write-units', `a message ${name}`, value, 'write units', { target: { of: 'value', atMost } });
