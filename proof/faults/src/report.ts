import type { CampaignResult } from './campaign.ts';
import type { Verdict } from './checker/check.ts';
import type { Wrong } from './checker/digest.ts';

export type Outcome = Omit<CampaignResult, 'history'> & { seed: number; verdict: Verdict };

/** Whether neither the checker nor `bin/check` found a violation, and exactly the poisoned records are dead letters. */
export const isClean = ({ verdict, check, letters, hits }: Outcome) =>
  verdict.violations.length === 0 &&
  check.findings.length === 0 &&
  check.unsettled === 0 &&
  letters.lost === 0 &&
  letters.poisoned === hits['poisoned-record'];

type Cell = string | number;

/** The columns of the table, explained in docs/reliability.md. */
const columns: Record<string, (outcome: Outcome) => Cell> = {
  seed: ({ seed }) => seed,
  calls: ({ verdict }) => verdict.figures.operations,
  sends: ({ verdict }) => verdict.figures.acknowledged,
  retried: ({ verdict }) => verdict.figures.retried,
  kills: (outcome) => faultsOf(outcome, 'kill'),
  pauses: (outcome) => faultsOf(outcome, 'pause'),
  clocks: (outcome) => faultsOf(outcome, 'clock'),
  hits: ({ hits }) => Object.values(hits).reduce((all, count) => all + count, 0),
  lost: ({ verdict }) => verdict.figures.lost,
  doubled: ({ verdict }) => verdict.figures.doubled,
  order: ({ verdict }) => verdict.figures['out of order'],
  rows: (outcome) => sum(outcome, ['unread wrong', 'summary wrong', 'read position wrong', 'setting wrong']),
  members: (outcome) => sum(outcome, ['not a member', 'role or title wrong']),
  left: (outcome) => sum(outcome, ['token accepted', 'text left']),
  other: (outcome) =>
    sum(outcome, ['changed', 'wrong time', 'not told', 'token refused', 'unexpected answer']) +
    outcome.letters.lost,
  stall: ({ verdict }) => seconds(verdict.figures.longestMs),
  gross: ({ verdict }) => seconds(verdict.figures.longestWithFaultsMs),
  letters: ({ letters, hits }) => `${letters.poisoned}/${hits['poisoned-record'] ?? 0}`,
  check: ({ check }) => (check.findings.length + check.unsettled === 0 ? 'clean' : check.findings.length),
};

/** The table of docs/reliability.md with a line for each seed, followed by the faults and calls of each seed. */
export function describe(outcomes: Outcome[]): string {
  const names = Object.keys(columns);
  const lines = outcomes.map((outcome) => Object.values(columns).map((cell) => String(cell(outcome))));
  const widths = names.map((name, index) =>
    Math.max(name.length, ...lines.map((line) => line[index]?.length ?? 0)),
  );
  const row = (cells: string[], fill = ' ') =>
    `| ${cells.map((cell, index) => cell.padStart(widths[index] ?? 0, fill)).join(' | ')} |`;
  const rule = row(
    names.map(() => ':'),
    '-',
  );
  return [row(names), rule, ...lines.map((line) => row(line)), '', ...outcomes.map(met)].join('\n');
}

const seconds = (ms: number) => (ms / 1_000).toFixed(1);

const faultsOf = ({ verdict }: Outcome, kind: string) =>
  Object.entries(verdict.figures.faults).reduce(
    (all, [name, count]) => all + (name.startsWith(kind) ? count : 0),
    0,
  );

const sum = ({ verdict }: Outcome, kinds: Wrong[]) =>
  kinds.reduce((all, kind) => all + verdict.figures[kind], 0);

/** The faults of a seed by kind and target, the requests and records that they hit, and the successful calls. */
function met({ seed, verdict: { figures }, hits }: Outcome) {
  const list = (counts: [string, number][]) => counts.map(([name, count]) => `${name} ${count}`).join(', ');
  const processes = Object.entries(figures.faults).filter(([name]) =>
    /^(kill|pause|clock|split|expire)/.test(name),
  );
  return `seed ${seed}: ${list(processes)}; hit: ${list(Object.entries(hits))}; done: ${list(Object.entries(figures.done))}`;
}
