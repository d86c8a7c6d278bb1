import * as messages from '@parley/core/conversations/messages';
import { createLog } from '@parley/core/log/log';
import type { WriteBatch } from '@parley/core/table/statements';
import { counted, type Figure } from '../figures.ts';
import { type HttpVariant, httpRounds } from '../http-rounds.ts';
import { text60 } from '../load/drive.ts';
import type { HttpRequest } from '../load/http.ts';
import type { Scenario } from '../scenario.ts';
import { people, type System, startSystem } from '../system.ts';

const conversations = 32;

/** Sends over HTTP, answered once durable, with each kind of append batch. */
export const posts: Scenario[] = [64, 16].map((connections) => ({
  name: `post-${connections}`,
  isRepeat: connections !== 64,
  about: `POST /api/messages, ${connections} connections over ${conversations} conversations, each batch path`,
  async run({ isQuick }) {
    const figures: Figure[] = [];
    for (const path of ['transactions', 'statements'] as const) {
      const system = await startSystem({ api: { APPEND_BATCH: path } });
      try {
        const variant: HttpVariant = {
          name: path,
          url: system.url,
          connections,
          requests: await sendsOf(system),
          pick: 'turn',
          target: connections === 64 ? { of: 'ratio', atLeast: 0.5 } : undefined,
        };
        const figure = await httpRounds(system, { scenario: `post-${connections}`, variant, isQuick });
        figures.push(figure, ...(connections === 16 ? [medianOf(figure, path)] : []));
      } finally {
        await system.stop();
      }
    }
    return figures;
  },
}));

/** The median time of a send. Only the faster kind of batch has a target. */
const medianOf = ({ scenario, also }: Figure, path: WriteBatch) =>
  counted(scenario, `${path}, median`, also?.['p50 ms'] ?? Number.NaN, 'ms', {
    target: path === 'transactions' ? { of: 'value', atMost: 10 } : undefined,
  });

async function sendsOf(system: System): Promise<HttpRequest[]> {
  const everyone = await people(system, 2 * conversations);
  const log = createLog(system.table, { batch: 'transactions' });
  return Promise.all(
    everyone.map(async (sender, index) => {
      const recipient = everyone[index ^ 1] ?? sender;
      const { message_group_uuid } = await messages.sendDirect(log, { sender, recipient, message: text60 });
      const body = JSON.stringify({ message: text60, message_group_uuid, known_seq: 1 });
      return { method: 'POST', path: '/api/messages', token: sender.token, body };
    }),
  );
}
