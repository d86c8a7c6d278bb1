import type { History } from '../history.ts';
import { type Digest, digest, resultOf, type Violation, type Wrong } from './digest.ts';
import { checkLive, type Stalls } from './live.ts';
import { checkLogs } from './logs.ts';
import { checkMembership } from './membership.ts';
import { checkSends } from './sends.ts';
import { checkSummaries } from './summaries.ts';

export type Verdict = {
  violations: Violation[];
  figures: Record<Wrong, number> &
    Stalls & {
      operations: number;
      /** Sends that were acknowledged. */
      acknowledged: number;
      /** Sends that were tried more than once before they were answered. */
      retried: number;
      /** Calls whose outcome nobody was told. */
      unknown: number;
      entries: number;
      faults: Record<string, number>;
    };
};

/** Decides from what the clients put down, and from nothing else, whether the invariants held. */
export function checkHistory(history: History): Verdict {
  const seen = digest(history);
  const { violations: liveViolations, stalls } = checkLive(seen);
  const violations = [
    ...checkSends(seen),
    ...checkSummaries(seen),
    ...checkMembership(seen),
    ...liveViolations,
    ...checkAnswers(seen),
    // Last: it takes the final readings for sights, too.
    ...checkLogs(seen),
  ];
  const count = (kind: Wrong) => violations.filter((violation) => violation.kind === kind).length;
  const sends = seen.asked.filter(({ call }) => call.kind === 'send');
  return {
    violations,
    figures: {
      operations: seen.asked.length,
      acknowledged: sends.filter(resultOf).length,
      retried: sends.filter(({ answer }) => (answer?.attempts ?? 1) > 1).length,
      unknown: seen.asked.filter(({ answer }) => !answer || answer.outcome === 'unknown').length,
      entries: [...seen.logs.values()].flat().length,
      faults: countBy(seen.faults.map(({ kind, target }) => `${kind} ${target}`)),
      lost: count('lost'),
      doubled: count('doubled'),
      'out of order': count('out of order'),
      changed: count('changed'),
      'wrong time': count('wrong time'),
      'unread wrong': count('unread wrong'),
      'summary wrong': count('summary wrong'),
      'not a member': count('not a member'),
      'not told': count('not told'),
      'unexpected answer': count('unexpected answer'),
      ...stalls,
    },
  };
}

/** Codes that the calls of a campaign may meet: strangers, those who were removed, groups that changed meanwhile. */
const expectedCodes = new Set(['message_group_not_found', 'member_not_found', 'generic_403', 'last_admin']);

/** Whatever fails, nobody is told that it was their fault, or ours: it is done, refused for a reason, or tried again. */
function checkAnswers({ asked }: Digest): Violation[] {
  return asked.flatMap(({ person, call, answer, repeats }) =>
    [answer, ...repeats].flatMap((each) => {
      if (each?.outcome !== 'refused' || each.codes.every((code) => expectedCodes.has(code))) return [];
      const detail = `${person}: ${JSON.stringify(call)} was answered ${each.status} ${each.codes}`;
      return [{ invariant: 2, kind: 'unexpected answer', detail }] satisfies Violation[];
    }),
  );
}

function countBy(names: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
