import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import * as messages from '@parley/core/conversations/messages';
import type { Entry } from '@parley/core/log/entries';
import * as entries from '@parley/core/log/entries';
import { createLog } from '@parley/core/log/log';
import { createTestTable } from '@parley/engines/testing/test-table';
import { createSequencer } from './sequencer.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());

const person = (handle: string) => ({ uuid: randomUUID(), handle, display_name: handle });

async function conversation(length: number): Promise<Entry[]> {
  const log = createLog(table, { batch: 'transactions' });
  const [sender, recipient] = [person('one'), person('other')];
  const first = await messages.sendDirect(log, { sender, recipient, message: '1' });
  const rest = Array.from({ length: length - 1 }, (_, index) =>
    messages.sendDirect(log, { sender, recipient, message: `${index + 2}` }),
  );
  await Promise.all(rest);
  return (await entries.range(table, first.message_group_uuid, { order: 'ascending' })).entries;
}

function listen() {
  const received: number[] = [];
  const lost: string[] = [];
  const sequencer = createSequencer({
    table,
    broadcast: async ({ seq }) => {
      await sleep(1);
      received.push(seq);
    },
    onLost: (uuid) => lost.push(uuid),
  });
  return { received, lost, ...sequencer };
}

/** Waits for this many entries, or for a timeout, after which the comparison shows what is missing. */
async function receive(received: number[], count: number) {
  const deadline = performance.now() + 10_000;
  while (received.length < count && performance.now() < deadline) await sleep(10);
}

const pick = (log: Entry[], ...seqs: number[]) => log.filter(({ seq }) => seqs.includes(seq));

it('broadcasts in order entries that arrive shuffled, repeated and at once', async () => {
  const log = await conversation(20);
  const { received, lost, deliver } = listen();
  const uuid = log[0]?.message_group_uuid ?? '';
  await deliver(uuid, pick(log, 1));
  const parts = [pick(log, 3, 2), pick(log, 6, 2), pick(log, 5, 4), pick(log, 8), pick(log, 7, 9, 1)];
  await Promise.all(parts.map((part) => deliver(uuid, part)));
  expect(received).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  await sleep(150);
  expect(received).toHaveLength(9);
  expect(lost).toEqual([]);
});

it('reads entries from the log that are still missing after 100 ms', async () => {
  const log = await conversation(10);
  const { received, deliver } = listen();
  const uuid = log[0]?.message_group_uuid ?? '';
  await deliver(uuid, pick(log, 2));
  await deliver(uuid, pick(log, 6, 9));
  expect(received).toEqual([2]);
  await receive(received, 8);
  expect(received).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
});

it('keeps its position after a failure, so that no entry is broadcast again', async () => {
  const log = await conversation(6);
  const uuid = log[0]?.message_group_uuid ?? '';
  const received: number[] = [];
  const lost: string[] = [];
  let isFailing = false;
  const broadcast = ({ seq }: Entry) => {
    if (isFailing) throw new Error('the table is unreachable');
    received.push(seq);
  };
  const { deliver } = createSequencer({ table, broadcast, onLost: (group) => lost.push(group) });
  await deliver(uuid, pick(log, 1, 2, 3));
  isFailing = true;
  await deliver(uuid, pick(log, 4));
  expect(lost).toEqual([uuid]);
  isFailing = false;
  await deliver(uuid, pick(log, 2, 3, 4));
  await deliver(uuid, pick(log, 6));
  await receive(received, 6);
  expect(received).toEqual([1, 2, 3, 4, 5, 6]);
});

it('skips a gap that is too wide, and reports it', async () => {
  const log = await conversation(2);
  const { received, lost, deliver } = listen();
  const uuid = log[0]?.message_group_uuid ?? '';
  const far = { ...(log[1] as Entry), seq: 500 };
  await deliver(uuid, pick(log, 1));
  await deliver(uuid, [far]);
  await receive(received, 2);
  expect(received).toEqual([1, 500]);
  expect(lost).toEqual([uuid]);
});

it('takes the first position from the stream, and then accepts entries ahead of it', async () => {
  const log = await conversation(5);
  const { received, lost, deliver, deliverAhead, forget } = listen();
  const uuid = log[0]?.message_group_uuid ?? '';
  // An earlier entry of another node may still arrive.
  deliverAhead(uuid, pick(log, 3));
  await sleep(150);
  expect(received).toEqual([]);
  await deliver(uuid, pick(log, 2));
  deliverAhead(uuid, pick(log, 4));
  deliverAhead(uuid, pick(log, 3));
  await deliver(uuid, pick(log, 3, 4));
  expect(received).toEqual([2, 3, 4]);
  forget(uuid);
  deliverAhead(uuid, pick(log, 5));
  await deliver(uuid, pick(log, 5));
  expect(received).toEqual([2, 3, 4, 5]);
  expect(lost).toEqual([]);
});
