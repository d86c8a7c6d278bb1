import { createLog } from '@parley/core/log';
import * as messages from '@parley/core/messages';
import { type HttpVariant, httpRounds } from '../http-rounds.ts';
import type { HttpRequest } from '../load/http.ts';
import { text60 } from '../people.ts';
import type { Scenario } from '../scenario.ts';
import { people, type System, startSystem } from '../system.ts';

const conversations = 32;

/** Sends over HTTP, answered when they are durable, in each way of writing appends. */
export const posts: Scenario[] = [64, 16].map((connections) => ({
  name: `post-${connections}`,
  isRepeat: connections !== 64,
  about: `POST /api/messages, ${connections} connections over ${conversations} conversations, each batch path`,
  async run({ isQuick }) {
    const paths = ['transactions', 'statements'];
    const system = await startSystem({ nodes: paths.map((path) => ({ APPEND_BATCH: path })) });
    try {
      // Conversations of their own: each node is the only one that writes to them.
      const requests = await Promise.all(paths.map((path) => sendsOf(system, path)));
      const variants: HttpVariant[] = paths.map((path, index) => ({
        name: path,
        url: system.urls[index] ?? '',
        connections,
        requests: requests[index] ?? [],
        pick: 'turn',
        target: connections === 64 ? { of: 'ratio', atLeast: 0.5 } : undefined,
      }));
      return await httpRounds(system, { scenario: `post-${connections}`, variants, isQuick });
    } finally {
      await system.stop();
    }
  },
}));

async function sendsOf(system: System, name: string): Promise<HttpRequest[]> {
  const everyone = await people(system, 2 * conversations, name);
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
