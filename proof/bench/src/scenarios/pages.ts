import { httpRounds } from '../http-rounds.ts';
import type { HttpRequest } from '../load/http.ts';
import { seedConversations } from '../people.ts';
import type { Scenario } from '../scenario.ts';
import { type BenchPerson, people, startSystem } from '../system.ts';

const friendsOfEach = 3;
const messagesOfEach = 25;

type Case = { name: string; about: string; path: (groupUuid: string) => string; atLeast: number };

const cases: Case[] = [
  { name: 'pages-newest', about: 'newest page', path: (uuid) => `/api/messages/${uuid}`, atLeast: 0.5 },
  {
    name: 'pages-older',
    about: 'older page',
    path: (uuid) => `/api/messages/${uuid}?before_seq=24`,
    atLeast: 0.25,
  },
  { name: 'pages-inbox', about: 'first page of the inbox', path: () => '/api/message_groups', atLeast: 0.25 },
];

/** Many people read pages of 20 from many conversations, the first ones most often (Zipf). */
export const pages: Scenario[] = cases.map(({ name, about, path, atLeast }, index) => ({
  name,
  isRepeat: index > 0,
  about: `${about}, distinct people and conversations (Zipf), 64 connections`,
  async run({ isQuick, log }) {
    const count = isQuick ? 40 : 1_000;
    // No runner, because nothing is written while pages are read.
    const system = await startSystem({ hasRunner: false });
    try {
      const everyone = await people(system, count);
      const pairsOf = (step: number) =>
        everyone.map((one, at): [BenchPerson, BenchPerson] => [one, everyone[(at + step) % count] ?? one]);
      // The conversations of the first step are read. The others fill the inboxes.
      const groups = await seedConversations(system.table, pairsOf(1), messagesOfEach);
      for (let step = 2; step <= friendsOfEach; step += 1)
        await seedConversations(system.table, pairsOf(step), 1);
      log(`${count} people with ${2 * friendsOfEach} conversations each`);
      const requests = everyone.map(
        ({ token }, at): HttpRequest => ({ method: 'GET', path: path(groups[at] ?? ''), token }),
      );
      const variant = {
        ...{ name: about, url: system.url, connections: 64, requests },
        pick: 'zipf' as const,
        target: { of: 'ratio' as const, atLeast },
      };
      return [await httpRounds(system, { scenario: name, variant, isQuick })];
    } finally {
      await system.stop();
    }
  },
}));
