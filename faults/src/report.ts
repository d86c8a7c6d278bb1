import type { CampaignResult } from './campaign.ts';
import type { Verdict } from './checker/check.ts';

export type Outcome = Omit<CampaignResult, 'history'> & { seed: number; verdict: Verdict };

/** Nothing is wrong with it, by the clients' histories and by `bin/check`. */
export const isClean = ({ verdict, check, letters, hits }: Outcome) =>
  verdict.violations.length === 0 &&
  check.findings.length === 0 &&
  check.unsettled === 0 &&
  letters.lost === 0 &&
  letters.poisoned === hits['poisoned-record'];

const seconds = (ms: number) => (ms / 1_000).toFixed(1);

/** The table of docs/reliability.md, a line for each seed, and what they met. */
export function describe(outcomes: Outcome[]): string {
  const heads = [
    ...['seed', 'operations', 'acknowledged', 'retried', 'kills', 'pauses', 'clock jumps', 'requests hit'],
    ...['lost', 'doubled', 'out of order', 'unread or summary wrong', 'not a member', 'other'],
    ...['longest stall (s)', 'with the fault (s)', 'poisoned', 'dead letters', 'bin/check'],
  ];
  const table = [row(heads), row(heads.map(() => '---:')), ...outcomes.map((outcome) => row(cells(outcome)))];
  return [...table, '', ...outcomes.map(met)].join('\n');
}

const row = (cells: (string | number)[]) => `| ${cells.join(' | ')} |`;

function cells({ seed, verdict: { figures }, hits, check, letters }: Outcome) {
  const faults = (kind: string) =>
    Object.entries(figures.faults).reduce(
      (sum, [name, count]) => sum + (name.startsWith(kind) ? count : 0),
      0,
    );
  return [
    ...[seed, figures.operations, figures.acknowledged, figures.retried],
    ...[faults('kill'), faults('pause'), faults('clock')],
    Object.values(hits).reduce((sum, count) => sum + count, 0),
    ...[figures.lost, figures.doubled, figures['out of order']],
    figures['unread wrong'] + figures['summary wrong'],
    figures['not a member'],
    figures.changed +
      figures['wrong time'] +
      figures['not told'] +
      figures['unexpected answer'] +
      letters.lost,
    ...[seconds(figures.longestMs), seconds(figures.longestWithFaultsMs)],
    ...[hits['poisoned-record'] ?? 0, letters.poisoned + letters.lost],
    check.findings.length + check.unsettled === 0 ? 'clean' : `${check.findings.length} findings`,
  ];
}

/** What a seed met: faults by kind and target, and the requests and records that each weather hit. */
function met({ seed, verdict: { figures }, hits }: Outcome) {
  const list = (counts: [string, number][]) => counts.map(([name, count]) => `${name} ${count}`).join(', ');
  const processes = Object.entries(figures.faults).filter(([name]) =>
    /^(kill|pause|clock|split|expire)/.test(name),
  );
  return `seed ${seed}: ${list(processes)}; hit: ${list(Object.entries(hits))}`;
}
