import { expect, it } from '@jest/globals';
import { checkHistory } from './checker/check.ts';
import { describe as describeOutcomes, isClean, type Outcome } from './report.ts';

const outcome = (seed: number): Outcome => ({
  seed,
  verdict: checkHistory([{ type: 'fault', atMs: 1, endMs: 2, kind: 'kill', target: 'table' }]),
  hits: { throttle: 12, 'poisoned-record': 2 },
  check: {
    findings: [],
    suspects: { conversations: [], orphans: [], strangers: [] },
    unsettled: 0,
    counters: {
      ...{ items: 0, conversations: 0, entries: 0, messages: 0 },
      ...{ members: 0, summaries: 0, people: 0, unknown: 0 },
    },
  },
  letters: { poisoned: 2, lost: 0 },
  planted: 0,
});

it('is an aligned table with a line for each seed, followed by the faults of each seed', () => {
  const [header = '', rule = '', first = '', second = '', , met = ''] = describeOutcomes([
    outcome(1),
    outcome(1_000),
  ]).split('\n');
  expect(new Set([header, rule, first, second].map(({ length }) => length)).size).toBe(1);
  expect(header.length).toBeLessThan(180);
  expect(rule).toMatch(/^(\| -+: )+\|$/);
  const cells = (line: string) => line.split('|').map((cell) => cell.trim());
  const cell = (line: string, column: string) => cells(line)[cells(header).indexOf(column)];
  expect(['seed', 'kills', 'hits', 'lost', 'letters', 'check'].map((column) => cell(second, column))).toEqual(
    [...['1000', '1', '14', '0', '2/2', 'clean']],
  );
  expect(met).toBe('seed 1: kill table 1; hit: throttle 12, poisoned-record 2; done: ');
});

it('is clean only if exactly the poisoned records are dead letters', () => {
  expect(isClean(outcome(1))).toBe(true);
  expect(isClean({ ...outcome(1), letters: { poisoned: 1, lost: 0 } })).toBe(false);
  expect(isClean({ ...outcome(1), letters: { poisoned: 2, lost: 1 } })).toBe(false);
});
