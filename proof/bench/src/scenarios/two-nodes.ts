import * as messages from '@parley/core/conversations/messages';
import { createLog } from '@parley/core/log/log';
import { startEngine } from '../engine.ts';
import { counted } from '../figures.ts';
import { makePeople, text60 } from '../people.ts';
import type { Scenario } from '../scenario.ts';
import { countUnits } from '../units/count-units.ts';

/** Two nodes that hear nothing of each other send in turn to one conversation: each is behind at every send. */
export const twoNodes: Scenario = {
  name: 'two-nodes',
  about: 'refused writes where two nodes send to one conversation',
  async run({ isQuick }) {
    const engine = await startEngine({ hasStream: false });
    try {
      const [sender, recipient] = makePeople(2);
      if (!sender || !recipient) throw new Error('two people');
      const nodes = [engine.connect(), engine.connect()].map((table) => ({
        log: createLog(table, { batch: 'statements' }),
        units: countUnits(table),
      }));
      const send = (index: number) => {
        const log = nodes[index % 2]?.log;
        if (!log) throw new Error('two nodes');
        return messages.sendDirect(log, { sender, recipient, message: text60 });
      };
      const take = () => {
        const [one, other] = nodes.map(({ units }) => units.take());
        return {
          refused: (one?.refused ?? 0) + (other?.refused ?? 0),
          read: (one?.read ?? 0) + (other?.read ?? 0),
        };
      };
      await send(0);
      take();
      const sends = isQuick ? 10 : 500;
      for (let index = 0; index < sends; index += 1) await send(index);
      const inTurn = take();

      const rounds = isQuick ? 5 : 250;
      for (let index = 0; index < rounds; index += 1) await Promise.all([send(0), send(1)]);
      const atOnce = take().refused / (2 * rounds);
      return [
        counted('two-nodes', 'refused writes a message, in turn', inTurn.refused / sends, 'writes', {
          target: { of: 'value', atMost: 0.1 },
          also: { 'read units a message': inTurn.read / sends },
        }),
        counted('two-nodes', 'refused writes a message, both at the same instant', atOnce, 'writes'),
      ];
    } finally {
      await engine.stop();
    }
  },
};
