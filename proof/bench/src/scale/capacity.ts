import { dollars, prices } from './prices.ts';

/** What people do on a day. Every number is an assumption that a reader may change. */
export const behaviour = {
  /** Messages that a person sends. */
  sends: 40,
  /** The share of these messages by kind of conversation, and the number of its members. */
  kinds: [
    { name: 'direct', share: 0.7, members: 2 },
    { name: 'group', share: 0.25, members: 12 },
    { name: 'large group', share: 0.05, members: 300 },
  ],
  /** Messages of a large group that share a rewrite of their summaries. Elsewhere each message has its own. */
  messagesPerWindow: 3,
  /** Visits of a person. Each opens a socket, reads the inbox twice, and reads this many conversations and marks them. */
  visits: 8,
  conversationsPerVisit: 3,
  /** The peak load of the day divided by its mean, and the share of people connected at the peak. */
  peakFactor: 3,
  connectedAtPeak: 0.15,
  /** The share of members who receive a message live. */
  connectedMembers: 0.2,
  /** Bytes of an entry, and of a summary with its row of the index. */
  entryBytes: 500,
  summaryBytes: 900,
  conversationsPerPerson: 30,
  keptDays: 365,
  /** Messages a second of the busiest conversation. */
  busiest: 20,
};

/** Unit costs that bin/bench measured. */
export type UnitCosts = {
  writeAlone: number;
  pageReads: number;
  inboxReads: number;
  heartbeatWrites: number;
  connectWrites: number;
  /** Deliveries a second through one node, and the sockets it holds. */
  deliveriesPerNode: number;
  socketsPerNode: number;
};

const partitionWrites = 1_000;
const partitionReads = 3_000;
const partitionBytes = 10 * 2 ** 30;
export const daySeconds = 86_400;
export const monthDays = 30;
/** The mean time of the requests of one Lambda batch. */
const batchSeconds = 0.05;
const lambdaGigabytes = 0.5;
const handshakesPerNode = 500;
const nodesAtLeast = 2;

/** The write units of one message in a conversation with `members` members. */
export function messageWrites(members: number, rewrite: number): number {
  const isLarge = members > 50;
  const summaries = (members * rewrite) / (isLarge ? behaviour.messagesPerWindow : 1);
  return 1 + summaries + (isLarge ? 2 : 0);
}

/** The read units of routing a message: each member of a small conversation, and the rows of connected members. */
export const pushReads = (members: number) => (members > 50 ? 1 : members * (1 + behaviour.connectedMembers));

export const lambdaDollars = (batches: number) =>
  (batches / 1e6) * prices.millionLambdaRequests +
  batches * batchSeconds * lambdaGigabytes * prices.lambdaGigabyteSecond;

/** Everything that a number of daily users needs. */
export function capacity(users: number, costs: UnitCosts) {
  const { kinds, visits, conversationsPerVisit, peakFactor } = behaviour;
  // A direct message that arrives alone writes its entry and two summaries.
  const rewrite = (costs.writeAlone - 1) / 2;
  const messages = users * behaviour.sends;
  const perMessage = (of: (members: number) => number) =>
    kinds.reduce((sum, { share, members }) => sum + share * of(members), 0);
  const writesOfMessages = messages * perMessage((members) => messageWrites(members, rewrite));
  const opened = users * visits * conversationsPerVisit;
  const connected = users * behaviour.connectedAtPeak;
  const deliveriesPerMessage = perMessage((members) => members * behaviour.connectedMembers) + 1;
  const peak = (perDay: number) => (perDay / daySeconds) * peakFactor;
  const deliveries = peak(messages) * deliveriesPerMessage;
  const nodes = Math.max(
    nodesAtLeast,
    Math.ceil(connected / costs.socketsPerNode),
    Math.ceil(deliveries / costs.deliveriesPerNode),
  );
  const write =
    writesOfMessages +
    opened * 2 +
    users * visits * costs.connectWrites * 2 +
    (nodes * costs.heartbeatWrites * daySeconds) / 10;
  const read =
    messages * perMessage(pushReads) + users * visits * 2 * costs.inboxReads + opened * costs.pageReads;
  const bytes =
    messages * behaviour.keptDays * behaviour.entryBytes +
    users * behaviour.conversationsPerPerson * behaviour.summaryBytes;
  const partitions = Math.max(
    1,
    Math.ceil(peak(write) / partitionWrites),
    Math.ceil(peak(read) / partitionReads),
    Math.ceil(bytes / partitionBytes),
  );
  // Lambda polls a shard four times a second. A batch holds the records that came in between.
  const batchesPerDay = Math.min(messages, partitions * 4 * daySeconds);
  return {
    messagesAtPeak: peak(messages),
    writesAtPeak: peak(write),
    readsAtPeak: peak(read),
    unitDollars: monthDays * dollars({ write, read }),
    storageDollars: (bytes / 2 ** 30) * prices.gigabyteMonth,
    lambdaDollars: monthDays * lambdaDollars(batchesPerDay),
    partitions,
    shards: partitions,
    concurrency: Math.max(1, Math.ceil((batchesPerDay / daySeconds) * peakFactor * batchSeconds)),
    sockets: connected,
    nodes,
    deliveries,
    // Rows of names and of the people behind tokens. One statement reads many rows.
    postgresRows: peak(users * visits * (3 + 2 * conversationsPerVisit) + messages),
    hottestKeyWrites: behaviour.busiest,
    storm: storm(connected / nodes, nodes, costs),
  };
}

/** A node dies. Its sockets reconnect to the others, as fast as these accept handshakes, and read what they missed. */
function storm(sockets: number, nodes: number, costs: UnitCosts) {
  const seconds = sockets / (Math.max(1, nodes - 1) * handshakesPerNode);
  return {
    sockets,
    seconds: Math.max(5, seconds),
    reads: (sockets * (2 * costs.inboxReads + costs.pageReads)) / Math.max(5, seconds),
    writes: (sockets * costs.connectWrites) / Math.max(5, seconds),
  };
}

export type Capacity = ReturnType<typeof capacity>;
