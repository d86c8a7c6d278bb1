import { expect, test } from '@jest/globals';
import { createVerifier, sign } from '@parley/core/live/delivery-signature';
import { nextSecrets, steps } from './secrets.ts';

test("at every step of a rotation, processes one step behind or ahead accept each other's signatures", () => {
  const stages = ['old'];
  for (const step of steps) stages.push(nextSecrets(stages.at(-1) ?? '', step, 'new'));
  expect(stages).toEqual(['old', 'old,new', 'new,old', 'new']);
  const body = Buffer.from('{}');
  const to = { nodeId: 'n', path: '/deliver', nowMs: 0 };
  const isTaken = (secrets: string[], secret: string) =>
    createVerifier(secrets, 'n')(sign(secret, { ...to, body }), { ...to, length: body.length }) !== undefined;
  for (const [index, stage] of stages.entries()) {
    for (const other of stages.slice(Math.max(0, index - 1), index + 2)) {
      const [secret = ''] = stage.split(',');
      expect([stage, other, isTaken(other.split(','), secret)]).toEqual([stage, other, true]);
    }
  }
  expect(isTaken(['new'], 'old')).toBe(false);
});

test('a step in the wrong order is refused', () => {
  expect(() => nextSecrets('old,new', 'add', 'newer')).toThrow('a rotation is unfinished');
  expect(() => nextSecrets('old', 'switch', 'new')).toThrow('begin with add');
  expect(() => nextSecrets('old', 'drop', 'new')).toThrow('begin with add');
  expect(() => nextSecrets('', 'add', 'new')).toThrow('one or two');
});
