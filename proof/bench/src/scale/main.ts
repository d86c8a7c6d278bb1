import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { givenPath } from '@parley/config/given-path';
import { root } from '@parley/engines/launch';
import type { Figure } from '../figures.ts';
import { short } from '../print.ts';
import { idleMonth, millionMessages } from './bill.ts';
import { behaviour, type Capacity, capacity, messageWrites, type UnitCosts } from './capacity.ts';
import { prices } from './prices.ts';

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
const costs: UnitCosts = {
  writeAlone: figure('write-units', 'a message alone').value,
  pageReads: figure('read-units', 'history, newest page of 20, cold').value,
  inboxReads: figure('read-units', 'inbox, first page').value,
  heartbeatWrites: also(idle, 'write units a heartbeat'),
  connectWrites: also(idle, 'write units to connect and to renew one'),
  deliveriesPerNode: figure('fan-out', 'deliveries').value / 2,
  socketsPerNode: 20_000,
};

const rows: [string, (of: Capacity) => string][] = [
  ['messages/s at the peak', ({ messagesAtPeak }) => short(messagesAtPeak)],
  ['deliveries/s at the peak', ({ deliveries }) => short(deliveries)],
  ['write units/s at the peak', ({ writesAtPeak }) => short(writesAtPeak)],
  ['read units/s at the peak', ({ readsAtPeak }) => short(readsAtPeak)],
  ['units, dollars a month', ({ unitDollars }) => short(unitDollars)],
  ['storage of a year, dollars a month', ({ storageDollars }) => short(storageDollars)],
  ['Lambda, dollars a month', ({ lambdaDollars }) => short(lambdaDollars)],
  ['partitions, and shards of the stream', ({ partitions }) => short(partitions)],
  ['batches of message-stream at once', ({ concurrency }) => short(concurrency)],
  [
    'busiest conversation, share of its key range',
    ({ hottestKeyWrites }) => `${short(hottestKeyWrites / 10)} %`,
  ],
  ['sockets at the peak', ({ sockets }) => short(sockets)],
  ['gateway nodes', ({ nodes }) => short(nodes)],
  ['rows/s from Postgres at the peak', ({ postgresRows }) => short(postgresRows)],
  ['a node is lost: sockets that come back', ({ storm }) => short(storm.sockets)],
  ['… within seconds', ({ storm }) => short(storm.seconds)],
  ['… read units/s', ({ storm }) => short(storm.reads)],
  ['… write units/s', ({ storm }) => short(storm.writes)],
];

const sizes = [1_000, 1_000_000, 100_000_000];
const columns = sizes.map((users) => capacity(users, costs));
console.log('Measured:', JSON.stringify(costs));
console.log('Assumed:', JSON.stringify(behaviour));
console.log('Prices:', JSON.stringify(prices));
console.log(
  `\n| daily users | ${sizes.map(short).join(' | ')} |\n| --- | ${sizes.map(() => '--:').join(' | ')} |`,
);
for (const [name, show] of rows) console.log(`| ${name} | ${columns.map(show).join(' | ')} |`);

console.log(
  '\n| members of a conversation | write units of a message | dollars per million messages |\n| --: | --: | --: |',
);
const rewrite = (costs.writeAlone - 1) / 2;
for (const members of [2, 12, 50, 51, 300, 1_000]) {
  const units = messageWrites(members, rewrite);
  console.log(`| ${short(members)} | ${short(units)} | ${short(units * prices.millionWriteUnits)} |`);
}

const sum = (items: [string, number][]) => items.reduce((total, [, dollars]) => total + dollars, 0);
const cents = (dollars: number) => dollars.toFixed(2);
const idleItems = idleMonth(costs.heartbeatWrites);
console.log('\n| an idle month | dollars |\n| --- | --: |');
for (const [item, dollars] of [...idleItems, ['together', sum(idleItems)] as const])
  console.log(`| ${item} | ${cents(dollars)} |`);

const kinds = [2, 12, 300].map((members) => millionMessages(members, rewrite));
console.log(
  '\n| a million messages, dollars | of two | in a group of 12 | of 300 |\n| --- | --: | --: | --: |',
);
const names = kinds[0]?.map(([item]) => item) ?? [];
for (const [index, name] of names.entries())
  console.log(`| ${name} | ${kinds.map((items) => cents(items[index]?.[1] ?? 0)).join(' | ')} |`);
console.log(`| together | ${kinds.map((items) => cents(sum(items))).join(' | ')} |`);
