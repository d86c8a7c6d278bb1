import { expect, test } from '@jest/globals';
import { takeVerbose } from './verbose.ts';

test('--verbose is removed from the arguments', () => {
  const argv = ['node', 'x.ts', '--verbose', '--json'];
  expect([takeVerbose(argv), takeVerbose(argv), argv]).toEqual([true, false, ['node', 'x.ts', '--json']]);
});
