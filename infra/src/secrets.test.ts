import { expect, test } from '@jest/globals';
import { createVerifier, sign } from '@parley/core/delivery';
import { nextSecrets, steps } from './secrets.ts';

test('at no step of a rotation does a process sign what another one, a step behind or ahead, refuses', () => {
  const stages = ['old'];
  for (const step of steps) stages.push(nextSecrets(stages.at(-1) ?? '', step, 'new'));
  expect(stages).toEqual(['old', 'old,new', 'new,old', 'new']);
  const signed = { path: '/deliver', body: Buffer.from('{}'), nowMs: 0 };
  for (const [index, stage] of stages.entries()) {
    for (const other of stages.slice(Math.max(0, index - 1), index + 2)) {
      const [secret = ''] = stage.split(',');
      const isGenuine = createVerifier(other.split(','));
      expect([stage, other, isGenuine(sign(secret, signed), signed)]).toEqual([stage, other, true]);
    }
  }
  expect(createVerifier(['new'])(sign('old', signed), signed)).toBe(false);
});

test('a step that comes at the wrong time is refused', () => {
  expect(() => nextSecrets('old,new', 'add', 'newer')).toThrow('under way');
  expect(() => nextSecrets('old', 'switch', 'new')).toThrow('begin with add');
  expect(() => nextSecrets('old', 'drop', 'new')).toThrow('begin with add');
  expect(() => nextSecrets('', 'add', 'new')).toThrow('one or two');
});
