import { type HttpVariant, httpRounds } from '../http-rounds.ts';
import type { HttpRequest } from '../load/http.ts';
import type { Scenario } from '../scenario.ts';
import { seedConversations } from '../seed.ts';
import { type BenchPerson, people, startSystem } from '../system.ts';

const friendsOfEach = 3;
const messagesOfEach = 25;

/** Pages of 20 by many people of many conversations, the first of them most often (Zipf). */
export const pages: Scenario = {
  name: 'pages',
  about: 'history and inbox pages of 20, distinct people and conversations (Zipf), 64 connections',
  async run({ isQuick, log: say }) {
    const count = isQuick ? 40 : 1_000;
    // Nothing is written while pages are read.
    const system = await startSystem({ hasRunner: false });
    try {
      const everyone = await people(system, count);
      // The first pairs are the conversations that are read; the others fill the inboxes.
      const pairsOf = (step: number) =>
        everyone.map((one, index): [BenchPerson, BenchPerson] => [
          one,
          everyone[(index + step) % count] ?? one,
        ]);
      const groups = await seedConversations(system.table, pairsOf(1), messagesOfEach);
      for (let step = 2; step <= friendsOfEach; step += 1)
        await seedConversations(system.table, pairsOf(step), 1);
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
