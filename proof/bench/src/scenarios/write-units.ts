import * as messages from '@parley/core/conversations/messages';
import { createLog } from '@parley/core/log/log';
import { createProjector } from '@parley/core/projections/projector';
import { startEngine } from '../engine.ts';
import { counted, type Figure } from '../figures.ts';
import { makePeople, recordsOf, text60 } from '../people.ts';
import type { Scenario } from '../scenario.ts';
import { countUnits } from '../units/count-units.ts';

const conversations = 8;
const perSecond = 500;
const passMs = 50;

/** Write units of messages in direct conversations, with the code that runs on AWS: statements and the projector. */
export const writeUnits: Scenario = {
  name: 'write-units',
  about: 'write units a message costs in a direct conversation',
  async run({ isQuick }) {
    const engine = await startEngine({ hasStream: false });
    const table = engine.connect();
    const log = createLog(table, { batch: 'statements' });
    const projector = createProjector(table);
    const people = makePeople(2 * conversations);
    const pairs = Array.from({ length: conversations }, (_, index) => people.slice(2 * index, 2 * index + 2));
    const send = ([sender, recipient]: typeof people) => {
      if (!sender || !recipient) throw new Error('a conversation needs two people');
      return messages.sendDirect(log, { sender, recipient, message: text60 });
    };
    const units = countUnits(table);
    try {
      await projector.project(recordsOf(await Promise.all(pairs.map(send))));
      units.reset();

      const alone = isQuick ? 5 : 100;
      for (let index = 0; index < alone; index += 1)
        await projector.project(recordsOf([await send(pairs[index % conversations] ?? [])]));
      const uncoalesced = units.reset();

      const passes = isQuick ? 2 : 40;
      const perPass = (perSecond * passMs) / 1_000;
      for (let pass = 0; pass < passes; pass += 1) {
        const sends = Array.from({ length: perPass }, (_, index) =>
          send(pairs[(pass * perPass + index) % conversations] ?? []),
        );
        await projector.project(recordsOf(await Promise.all(sends)));
      }
      const coalesced = units.reset();
      return [
        perMessage('alone', uncoalesced.write / alone, 7),
        perMessage(
          `${perSecond}/s in ${conversations} conversations, a pass every ${passMs} ms`,
          coalesced.write / (passes * perPass),
          3.5,
        ),
      ];
    } finally {
      await engine.stop();
    }
  },
};

const perMessage = (name: string, value: number, atMost: number): Figure =>
  counted('write-units', `a message ${name}`, value, 'write units', { target: { of: 'value', atMost } });
