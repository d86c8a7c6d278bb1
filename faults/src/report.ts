import type { CampaignResult } from './campaign.ts';
import type { Verdict } from './checker/check.ts';
import type { Wrong } from './checker/digest.ts';

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
    ...['lost', 'doubled', 'out of order', 'summary or setting wrong', 'membership wrong'],
    ...['token or text left', 'other'],
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
    sum(figures, ['unread wrong', 'summary wrong', 'read position wrong', 'setting wrong']),
    sum(figures, ['not a member', 'role or title wrong']),
    sum(figures, ['token accepted', 'text left']),
    sum(figures, ['changed', 'wrong time', 'not told', 'token refused', 'unexpected answer']) + letters.lost,
    ...[seconds(figures.longestMs), seconds(figures.longestWithFaultsMs)],
    ...[hits['poisoned-record'] ?? 0, letters.poisoned + letters.lost],
    check.findings.length + check.unsettled === 0 ? 'clean' : `${check.findings.length} findings`,
  ];
}

const sum = (figures: Verdict['figures'], kinds: Wrong[]) =>
  kinds.reduce((all, kind) => all + figures[kind], 0);

/** What a seed met: faults by kind and target, the requests and records that each hit, and what was acknowledged. */
function met({ seed, verdict: { figures }, hits }: Outcome) {
  const list = (counts: [string, number][]) => counts.map(([name, count]) => `${name} ${count}`).join(', ');
  const processes = Object.entries(figures.faults).filter(([name]) =>
    /^(kill|pause|clock|split|expire)/.test(name),
  );
  return `seed ${seed}: ${list(processes)}; hit: ${list(Object.entries(hits))}; done: ${list(Object.entries(figures.done))}`;
}
