import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { givenPath } from '@parley/config/given-path';
import { root } from '@parley/engines/launch';
import type { Figure } from '../figures.ts';
import { short } from '../print.ts';
import {
  batchSeconds,
  connectedMembers,
  dollars,
  entryBytes,
  idleMonth,
  lambdaDollars,
  messagesPerWindow,
  messageWrites,
  millionMessages,
  prices,
  pushReads,
} from './bill.ts';

/** What people do on a day. Every number is an assumption that a reader may change. */
const behaviour = {
  /** Messages that a person sends. */
  sends: 40,
  /** The share of these messages by kind of conversation, and the number of its members. */
  kinds: [
    { name: 'direct', share: 0.7, members: 2 },
    { name: 'group', share: 0.25, members: 12 },
    { name: 'large group', share: 0.05, members: 300 },
  ],
  messagesPerWindow,
  /** Visits of a person. Each opens a socket, reads the inbox twice, and reads this many conversations and marks them. */
  visits: 8,
  conversationsPerVisit: 3,
  /** The peak load of the day divided by its mean, and the share of people connected at the peak. */
  peakFactor: 3,
  connectedAtPeak: 0.15,
  connectedMembers,
  /** Bytes of an entry, and of a summary with its row of the index. */
  entryBytes,
  summaryBytes: 900,
  conversationsPerPerson: 30,
  keptDays: 365,
  /** Messages a second of the busiest conversation. */
  busiest: 20,
};

const [given] = process.argv.slice(2);
const file = given ? givenPath(process.env, given) : join(root, 'docs/performance.json');
const { figures } = JSON.parse(readFileSync(file, 'utf8')) as { figures: Figure[] };

function figure(scenario: string, name: string): Figure {
  const found = figures.find((one) => one.scenario === scenario && one.name.startsWith(name));
  if (!found)
    throw new Error(`${file} has no figure “${name}” of ${scenario}: bin/bench ${scenario} --json ${file}`);
  return found;
}

function also(of: Figure, name: string): number {
  const value = of.also?.[name];
  if (value === undefined) throw new Error(`${of.name} does not tell “${name}”`);
  return value;
}

const idle = figure('idle', '5000 sockets');
/** Unit costs that bin/bench measured. */
const costs = {
  writeAlone: figure('write-units', 'a message alone').value,
  pageReads: figure('read-units', 'history, newest page of 20, cold').value,
  inboxReads: figure('read-units', 'inbox, first page').value,
  heartbeatWrites: also(idle, 'write units a heartbeat'),
  connectWrites: also(idle, 'write units to connect and to renew one'),
  /** Deliveries a second through one node, and the sockets it holds. */
  deliveriesPerNode: figure('fan-out', 'deliveries').value / 2,
  socketsPerNode: 20_000,
};
// A direct message that arrives alone writes its entry and two summaries.
const rewrite = (costs.writeAlone - 1) / 2;

const partition = { writes: 1_000, reads: 3_000, bytes: 10 * 2 ** 30 };
const daySeconds = 86_400;
const monthDays = 30;
const handshakesPerNode = 500;
const nodesAtLeast = 2;

/** Everything that a number of daily users needs, row by row. */
function capacity(users: number): [name: string, value: string][] {
  const { kinds, visits, conversationsPerVisit, peakFactor } = behaviour;
  const messages = users * behaviour.sends;
  const perMessage = (of: (members: number) => number) =>
    kinds.reduce((sum, { share, members }) => sum + share * of(members), 0);
  const opened = users * visits * conversationsPerVisit;
  const peak = (perDay: number) => (perDay / daySeconds) * peakFactor;
  const deliveries = peak(messages) * (perMessage((members) => members * connectedMembers) + 1);
  const sockets = users * behaviour.connectedAtPeak;
  const nodes = Math.max(
    nodesAtLeast,
    Math.ceil(sockets / costs.socketsPerNode),
    Math.ceil(deliveries / costs.deliveriesPerNode),
  );
  const write =
    messages * perMessage((members) => messageWrites(members, rewrite)) +
    opened * 2 +
    users * visits * costs.connectWrites * 2 +
    (nodes * costs.heartbeatWrites * daySeconds) / 10;
  const read =
    messages * perMessage(pushReads) + users * visits * 2 * costs.inboxReads + opened * costs.pageReads;
  const bytes =
    messages * behaviour.keptDays * entryBytes +
    users * behaviour.conversationsPerPerson * behaviour.summaryBytes;
  const partitions = Math.max(
    1,
    Math.ceil(peak(write) / partition.writes),
    Math.ceil(peak(read) / partition.reads),
    Math.ceil(bytes / partition.bytes),
  );
  // Lambda polls a shard four times a second. A batch holds the records that came in between.
  const batches = Math.min(messages, partitions * 4 * daySeconds);
  // A node dies. Its sockets reconnect to the others, as fast as these accept handshakes, and read what they missed.
  const lost = sockets / nodes;
  const lostSeconds = Math.max(5, lost / (Math.max(1, nodes - 1) * handshakesPerNode));
  return [
    ['messages/s at the peak', short(peak(messages))],
    ['deliveries/s at the peak', short(deliveries)],
    ['write units/s at the peak', short(peak(write))],
    ['read units/s at the peak', short(peak(read))],
    ['units, dollars a month', short(monthDays * dollars({ write, read }))],
    ['storage of a year, dollars a month', short((bytes / 2 ** 30) * prices.gigabyteMonth)],
    ['Lambda, dollars a month', short(monthDays * lambdaDollars(batches))],
    ['partitions, and shards of the stream', short(partitions)],
    ['batches of message-stream at once', short(Math.max(1, Math.ceil(peak(batches) * batchSeconds)))],
    ['busiest conversation, share of its key range', `${short(behaviour.busiest / 10)} %`],
    ['sockets at the peak', short(sockets)],
    ['gateway nodes', short(nodes)],
    // Rows of names and of the people behind tokens. One statement reads many rows.
    [
      'rows/s from Postgres at the peak',
      short(peak(users * visits * (3 + 2 * conversationsPerVisit) + messages)),
    ],
    ['a node is lost: sockets that come back', short(lost)],
    ['… within seconds', short(lostSeconds)],
    ['… read units/s', short((lost * (2 * costs.inboxReads + costs.pageReads)) / lostSeconds)],
    ['… write units/s', short((lost * costs.connectWrites) / lostSeconds)],
  ];
}

/** Prints a table of Markdown: names in the first column, numbers in the others. */
function print(head: string[], rows: string[][]) {
  console.log(
    `\n| ${head.join(' | ')} |\n|${head.map((_, column) => (column ? ' --: ' : ' --- ')).join('|')}|`,
  );
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

console.log('Measured:', JSON.stringify(costs));
console.log('Assumed:', JSON.stringify(behaviour));
console.log('Prices:', JSON.stringify(prices));

const sizes = [1_000, 1_000_000, 100_000_000];
const columns = sizes.map(capacity);
const names = (columns[0] ?? []).map(([name]) => name);
print(
  ['daily users', ...sizes.map(short)],
  names.map((name, row) => [name, ...columns.map((rows) => rows[row]?.[1] ?? '')]),
);

print(
  ['members of a conversation', 'write units of a message', 'dollars per million messages'],
  [2, 12, 50, 51, 300, 1_000].map((members) => {
    const units = messageWrites(members, rewrite);
    return [members, units, units * prices.millionWriteUnits].map(short);
  }),
);

const withSum = (items: [string, number][]) =>
  [...items, ['together', items.reduce((sum, [, dollars]) => sum + dollars, 0)] as const].map(
    ([item, dollars]) => [item, dollars.toFixed(2)] as const,
  );
print(
  ['an idle month', 'dollars'],
  withSum(idleMonth(costs.heartbeatWrites)).map((row) => [...row]),
);

const [ofTwo = [], ...others] = [2, 12, 300].map((members) => withSum(millionMessages(members, rewrite)));
print(
  ['a million messages, dollars', 'of two', 'in a group of 12', 'of 300'],
  ofTwo.map((row, index) => [...row, ...others.map((column) => column[index]?.[1] ?? '')]),
);
