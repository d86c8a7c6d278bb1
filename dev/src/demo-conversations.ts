import { cornerGarden, sensorClub, sundaySoup } from './demo/groups.ts';
import { lines } from './demo/maya-and-tomas.ts';
import { withInes, withLeyla, withOleksandr, withYuki } from './demo/with-one.ts';

export type Said = [from: string, message: string];

/** What was said in one go. A day's `at` is a time of UTC; minutes count back from the moment of the seeding. */
export type Sitting = { said: Said[] } & ({ daysAgo: number; at: string } | { minutesAgo: number });

export type DemoConversation = {
  /** Its place among the seeds. The uuids of its entries derive from it. */
  name: string;
  /** A direct conversation has none. */
  title?: string;
  /** By handle; the first one creates the group. */
  people: string[];
  sittings: Sitting[];
  /** How many of the newest messages these people have not read. The others have read everything. */
  unread?: Record<string, number>;
  mutedBy?: string[];
};

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
