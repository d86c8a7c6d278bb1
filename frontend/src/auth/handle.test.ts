import { expect, test } from '@jest/globals';
import { isHandle } from '@parley/contract/handles';
import { alternativesTo, handleOf, handleProblem } from './handle.ts';

test.each([
  ['', 'A handle is needed.'],
  ['Zoë', 'A handle has only the letters a to z, digits, and _ . -'],
  ['a b', 'A handle has only the letters a to z, digits, and _ . -'],
  ['..', 'A handle has a letter or a digit.'],
  ['deleted-1', 'This handle is reserved.'],
  ['x'.repeat(31), 'A handle has at most 30 characters.'],
  ['a.b_c-1', ''],
])('%j: %s', (handle, problem) => {
  expect(handleProblem(handle)).toBe(problem);
});

test('whatever the rule refuses has a reason, and whatever it takes has none', () => {
  const some = [
    'a',
    '-',
    '.a',
    'ä',
    'A'.repeat(30),
    'A'.repeat(31),
    'missing-x',
    'missing',
    'a\n',
    '@a',
    '👍',
  ];
  for (const handle of some) expect(handleProblem(handle) === '').toBe(isHandle(handle));
});

test.each([
  ['Zoë Müller', 'zoe.muller'],
  ["Miles O'Brien", 'miles.obrien'],
  ['  Ana  Lima ', 'ana.lima'],
  ['Søren Æble', 'soren.aeble'],
  ['Straße', 'strasse'],
  ['日本', ''],
  ['x'.repeat(40), 'x'.repeat(30)],
  ['Deleted -1', 'deleted.1'],
])('%j is offered %j', (name, handle) => {
  expect(handleOf(name)).toBe(handle);
});

test('what is offered for a taken handle is well-formed and another one', () => {
  expect(alternativesTo('zoe.muller', 'Zoë Müller')).toEqual(['zoe.muller2', 'zoe.muller3', 'zoe.muller7']);
  expect(alternativesTo('maya', 'Maya Lindqvist')[0]).toBe('maya.lindqvist');
  expect(alternativesTo('y'.repeat(30), '').filter((handle) => !isHandle(handle))).toEqual([]);
});
