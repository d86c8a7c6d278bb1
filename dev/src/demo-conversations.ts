import type { DemoConversation, Said, Sitting } from './demo/conversation.ts';
import { cornerGarden, sensorClub, sundaySoup } from './demo/groups.ts';
import { lines } from './demo/maya-and-tomas.ts';
import { withInes, withLeyla, withOleksandr, withYuki } from './demo/with-one.ts';

const days: [daysAgo: number, at: string, lines: number][] = [
  [36, '17:42', 13],
  [35, '12:05', 10],
  [33, '16:20', 11],
  [29, '08:15', 9],
  [27, '17:10', 12],
  [23, '11:30', 8],
  [19, '16:55', 9],
  [14, '09:40', 8],
  [10, '17:25', 7],
  [6, '15:05', 6],
  [2, '12:50', 5],
];

function inDays(): Sitting[] {
  const left = lines.map(({ from, message }): Said => [from, message]);
  const past = days.map(([daysAgo, at, count]) => ({ daysAgo, at, said: left.splice(0, count) }));
  return [...past, { minutesAgo: 9, said: left }];
}

/** Every conversation is one of Maya's, so that her inbox shows them all. */
export const demoConversations: DemoConversation[] = [
  { name: 'direct', people: ['maya', 'tomas'], sittings: inDays() },
  cornerGarden,
  sensorClub,
  sundaySoup,
  withYuki,
  withLeyla,
  withOleksandr,
  withInes,
];
