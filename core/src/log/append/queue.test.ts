import { expect, it } from '@jest/globals';
import type { Entry } from '../entries.ts';
import type { ActiveConversation } from './active-conversation.ts';
import { type AppendRequest, answer, type Job } from './job.ts';
import { createQueues, type QueueOptions } from './queue.ts';
import { createTail } from './tail.ts';

const sender = { uuid: 'ada', handle: 'ada', display_name: 'Ada' };
const request = (messageUuid: string): AppendRequest => ({
  ...{ kind: 'append', messageUuid },
  append: { messageGroupUuid: 'group', sender, message: 'hi' },
});
const options = { maxEntries: 1, deadlineMs: 60_000, maxTailBytes: 100_000, maxJobs: 100 };
const entryAt = (seq: number) =>
  ({
    type: 'message',
    message_group_uuid: 'group',
    seq,
    message_count: seq,
    created_at: '2026-01-01',
  }) as Entry;

/** Queues whose turns end when the test calls `end`. */
function createTurns(more: Partial<QueueOptions> = {}) {
  const turns: { conversation: ActiveConversation; jobs: Job[]; end: () => void }[] = [];
  const queues = createQueues({
    ...options,
    runTurn: (conversation, jobs) => new Promise((end) => turns.push({ conversation, jobs, end })),
    ...more,
  });
  const endTurn = async () => {
    const turn = turns.shift();
    for (const job of turn?.jobs ?? []) if (job.isOpen) answer(job, job.messageUuid);
    turn?.end();
    await new Promise(setImmediate);
  };
  return { queues, turns, endTurn };
}

it('runs one turn of a conversation at a time, and turns of other conversations concurrently', async () => {
  const { queues, turns, endTurn } = createTurns();
  const answers = Promise.all([
    queues.enqueue('group', request('1')),
    queues.enqueue('group', request('2')),
    queues.enqueue('other', request('3')),
  ]);
  expect(turns.map(({ jobs }) => jobs.map(({ messageUuid }) => messageUuid))).toEqual([['1'], ['3']]);
  await endTurn();
  expect(turns.map(({ jobs }) => jobs.map(({ messageUuid }) => messageUuid))).toEqual([['3'], ['2']]);
  await endTurn();
  await endTurn();
  expect(await answers).toEqual(['1', '2', '3']);
});

it('answers busy at once while too many jobs wait, and not afterwards', async () => {
  const { queues, endTurn } = createTurns({ maxJobs: 2 });
  const accepted = [queues.enqueue('group', request('1')), queues.enqueue('other', request('2'))];
  await expect(queues.enqueue('third', request('3'))).rejects.toThrow('busy');
  await endTurn();
  const next = queues.enqueue('third', request('4'));
  await endTurn();
  await endTurn();
  expect(await Promise.all([...accepted, next])).toEqual(['1', '2', '4']);
});

it('answers busy at the deadline, even if the turn continues', async () => {
  let givenUp = 0;
  const { queues, endTurn } = createTurns({ deadlineMs: 10, onGivenUp: () => (givenUp += 1) });
  await expect(queues.enqueue('group', request('1'))).rejects.toThrow('busy');
  expect(givenUp).toBe(1);
  await endTurn();
});

it('keeps the tail of a conversation that is idle, and applies what it observes', async () => {
  const { queues, turns, endTurn } = createTurns();
  const first = queues.enqueue('group', request('1'));
  expect(queues.has('group')).toBe(true);
  const tail = Object.assign(createTail('group'), { seq: 4 });
  if (turns[0]) turns[0].conversation.tail = tail;
  await endTurn();
  await first;
  expect([queues.has('group'), queues.has('other')]).toEqual([true, false]);
  queues.observe(entryAt(5));
  expect(tail.seq).toBe(5);
  const second = queues.enqueue('group', request('2'));
  expect(turns[0]?.conversation.tail).toBe(tail);
  await endTurn();
  await second;
});

it('does not change the tail during a turn, and applies observed entries before the next one', async () => {
  const { queues, turns, endTurn } = createTurns();
  const jobs = [queues.enqueue('group', request('1')), queues.enqueue('group', request('2'))];
  const tail = Object.assign(createTail('group'), { seq: 4 });
  if (turns[0]) turns[0].conversation.tail = tail;
  queues.observe(entryAt(5));
  expect(tail.seq).toBe(4);
  await endTurn();
  expect(tail.seq).toBe(5);
  await endTurn();
  await Promise.all(jobs);
});

it('drops a conversation that does not exist', async () => {
  const { queues, turns, endTurn } = createTurns();
  const job = queues.enqueue('group', request('1'));
  if (turns[0]) turns[0].conversation.tail = createTail('group');
  await endTurn();
  await job;
  expect(queues.has('group')).toBe(false);
});
