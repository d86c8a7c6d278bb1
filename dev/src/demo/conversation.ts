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
