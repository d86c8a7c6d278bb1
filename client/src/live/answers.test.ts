import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { ResponseFrame } from '@parley/contract/frames';
import { createAnswers, Refusal } from './answers.ts';
import type { Socket } from './socket.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function world(readyState = 1) {
  const sent: { id: string; action: string; payload: object }[] = [];
  const socket = { readyState, send: (text: string) => sent.push(JSON.parse(text)) } as unknown as Socket;
  return { answers: createAnswers(), socket, sent };
}

const success = (request_id: string, read_seq: number): ResponseFrame => ({
  ...{ type: 'response', request_id, success: true },
  data: { read_seq, unread_count: 0 },
});
const refusal = (request_id: string | null, retry_after?: number): ResponseFrame => ({
  ...{ type: 'response', request_id, success: false },
  error: { code: 'busy', message: 'Busy.', retry_after },
});

test('each request gets the response of its own id, in any order', async () => {
  const { answers, socket, sent } = world();
  const first = answers.request(socket, 'typing', { message_group_uuid: 'a' });
  const second = answers.request(socket, 'ping', {});
  expect(sent).toEqual([
    { id: '1', action: 'typing', payload: { message_group_uuid: 'a' } },
    { id: '2', action: 'ping', payload: {} },
  ]);
  answers.settle(success('2', 22));
  answers.settle(success('1', 11));
  expect(await Promise.all([first, second])).toMatchObject([{ read_seq: 11 }, { read_seq: 22 }]);
  expect(jest.getTimerCount()).toBe(0);
});

test('an unknown or repeated response has no effect', async () => {
  const { answers, socket } = world();
  const asked = answers.request(socket, 'ping', {});
  answers.settle(refusal(null));
  for (const [at, id] of ['7', '1', '1'].entries()) answers.settle(success(id, at));
  expect(await asked).toMatchObject({ read_seq: 1 });
});

test('a refusal has its code and a pause of at most a minute', async () => {
  const { answers, socket, sent } = world();
  const refused = async (retry_after?: number) => {
    const asked = answers.request(socket, 'ping', {});
    answers.settle(refusal(sent.at(-1)?.id ?? '', retry_after));
    return asked.catch((reason) => reason);
  };
  expect(await refused(2)).toMatchObject({ code: 'busy', retryAfterMs: 2_000 });
  expect(await refused()).toMatchObject({ retryAfterMs: 0 });
  expect(await refused(3_600)).toMatchObject({ retryAfterMs: 60_000 });
  expect(await refused()).toBeInstanceOf(Refusal);
});

test('a request without an open socket, without an answer for 10 s, or on a lost socket fails', async () => {
  const { answers, socket, sent } = world();
  await expect(answers.request(world(2).socket, 'ping', {})).rejects.toThrow('not connected');
  await expect(answers.request(undefined, 'ping', {})).rejects.toThrow('not connected');
  const late = answers.request(socket, 'ping', {});
  const expectation = expect(late).rejects.toThrow('no answer');
  jest.advanceTimersByTime(10_000);
  await expectation;
  const lost = answers.request(socket, 'ping', {});
  answers.rejectAll();
  await expect(lost).rejects.toThrow('connection lost');
  expect([sent.length, jest.getTimerCount()]).toEqual([2, 0]);
});
