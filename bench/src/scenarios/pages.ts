import { createLog } from '@parley/core/log';
import * as messages from '@parley/core/messages';
import { type HttpVariant, httpRounds } from '../http-rounds.ts';
import type { HttpRequest } from '../load/http.ts';
import { text60 } from '../people.ts';
import type { Scenario } from '../scenario.ts';
import { people, startSystem } from '../system.ts';

const friendsOfEach = 2;
const messagesOfEach = 25;

/** Pages of 20 by many people of many conversations, the first of them most often (Zipf). */
export const pages: Scenario = {
  name: 'pages',
  about: 'history and inbox pages of 20, distinct people and conversations (Zipf), 64 connections',
  async run({ isQuick, log: say }) {
    const count = isQuick ? 40 : 1_000;
    const system = await startSystem();
    try {
      const everyone = await people(system, count);
      const log = createLog(system.table, { batch: 'transactions' });
      const groups: string[] = [];
      // The first pairs are the conversations that are read; the others fill the inboxes.
      for (let step = 1; step <= friendsOfEach; step += 1)
        for (let start = 0; start < count; start += 50) {
          const some = everyone.slice(start, start + 50).map(async (sender, offset) => {
            const recipient = everyone[(start + offset + step) % count] ?? sender;
            const first = await messages.sendDirect(log, { sender, recipient, message: text60 });
            if (step === 1) groups[start + offset] = first.message_group_uuid;
          });
          await Promise.all(some);
        }
      for (let start = 0; start < count; start += 50)
        await Promise.all(
          groups.slice(start, start + 50).flatMap((messageGroupUuid, offset) => {
            const sender = everyone[start + offset];
            if (!sender) throw new Error('somebody who sends');
            return Array.from({ length: messagesOfEach - 1 }, () =>
              messages.send(log, { sender, messageGroupUuid, message: text60 }),
            );
          }),
        );
      say(`${count} people with ${2 * friendsOfEach} conversations each`);
      const get = (path: (groupUuid: string) => string): HttpRequest[] =>
        everyone.map(({ token }, index) => ({ method: 'GET', path: path(groups[index] ?? ''), token }));
      const variant = (name: string, requests: HttpRequest[], atLeast: number): HttpVariant => ({
        name,
        url: system.url,
        connections: 64,
        requests,
        pick: 'zipf',
        target: { of: 'ratio', atLeast },
      });
      const variants = [
        variant(
          'newest page of a conversation',
          get((uuid) => `/api/messages/${uuid}`),
          0.5,
        ),
        variant(
          'an older page of a conversation',
          get((uuid) => `/api/messages/${uuid}?before_seq=24`),
          0.25,
        ),
        variant(
          'first page of the inbox',
          get(() => '/api/message_groups'),
          0.25,
        ),
      ];
      return await httpRounds(system, { scenario: 'pages', variants, isQuick });
    } finally {
      await system.stop();
    }
  },
};
