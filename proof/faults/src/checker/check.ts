import type { Call, History } from '../history.ts';
import { checkAccounts } from './accounts.ts';
import { checkChanges } from './changes.ts';
import {
  type Asked,
  type Digest,
  digest,
  ofKind,
  resultOf,
  type Violation,
  type Wrong,
  wrongs,
} from './digest.ts';
import { checkLive, type Stalls } from './live.ts';
import { checkLogs } from './logs.ts';
import { checkMembership } from './membership.ts';
import { checkSends } from './sends.ts';
import { checkSettings } from './settings.ts';
import { checkSummaries } from './summaries.ts';

export type Verdict = {
  violations: Violation[];
  figures: Record<Wrong, number> &
    Stalls & {
      operations: number;
      /** Calls that were acknowledged, by kind. */
      done: Record<string, number>;
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

/** Decides from what the clients recorded, and from nothing else, whether the invariants held. */
export function checkHistory(history: History): Verdict {
  const seen = digest(history);
  const { violations: liveViolations, stalls } = checkLive(seen);
  const violations = [
    ...checkSends(seen),
    ...checkChanges(seen),
    ...checkSettings(seen),
    ...checkAccounts(seen),
    ...checkSummaries(seen),
    ...checkMembership(seen),
    ...liveViolations,
    ...checkAnswers(seen),
    ...checkReadings(seen),
    ...checkLogs(seen),
  ];
  const counts = countBy(violations.map(({ kind }) => kind));
  const sends = ofKind(seen.asked, 'send');
  return {
    violations,
    figures: {
      ...(Object.fromEntries(wrongs.map((kind) => [kind, counts[kind] ?? 0])) as Record<Wrong, number>),
      operations: seen.asked.length,
      done: countBy(seen.asked.filter(resultOf).map(({ call }) => call.kind)),
      acknowledged: sends.filter(resultOf).length,
      retried: sends.filter(({ answer }) => (answer?.attempts ?? 1) > 1).length,
      unknown: seen.asked.filter(({ answer }) => !answer || answer.outcome === 'unknown').length,
      entries: [...seen.logs.values()].flat().length,
      faults: countBy(seen.faults.map(({ kind, target }) => `${kind} ${target}`)),
      ...stalls,
    },
  };
}

/** Codes that the calls of a campaign may meet: strangers, people who were removed, groups that changed meanwhile. */
const expectedCodes = new Set(['message_group_not_found', 'member_not_found', 'generic_403', 'last_admin']);

/** Whatever fails, no client is told that it was at fault, or we: it is done, refused for a reason, or tried again. */
function checkAnswers({ asked, erased }: Digest): Violation[] {
  const isErasedBy = (person: string, atMs: number) => (erased.get(person)?.startMs ?? Infinity) < atMs;
  const isExpected = ({ person, call }: Asked, code: string, isSure: boolean, atMs: number) =>
    expectedCodes.has(code) ||
    // It was signed out by an attempt whose answer was lost.
    (code === 'generic_401' && call.kind === 'sign-out' && !isSure) ||
    (code === 'user_not_found' && concernedBy(call).some((each) => isErasedBy(each, atMs))) ||
    (code === 'generic_401' && isErasedBy(person, atMs));
  return asked.flatMap((each) =>
    [{ answer: each.answer, atMs: each.endMs }, ...each.repeats].flatMap(({ answer, atMs }) => {
      if (
        answer?.outcome !== 'refused' ||
        answer.codes.every((code) => isExpected(each, code, answer.isSure, atMs))
      )
        return [];
      const detail = `${each.person}: ${JSON.stringify(each.call)} was answered ${answer.status} ${answer.codes}`;
      return [{ invariant: 2, kind: 'unexpected answer', detail }] satisfies Violation[];
    }),
  );
}

/** Whom a call names. */
function concernedBy(call: Call): string[] {
  if (call.kind === 'create') return call.members;
  if (call.kind === 'send') return call.to === undefined ? [] : [call.to];
  return 'member' in call ? [call.member] : [];
}

/** A conversation that was acknowledged and was not looked for at the end would be judged by nothing. */
function checkReadings({ asked, logs, sights }: Digest): Violation[] {
  const named = new Set(sights.map(({ entry }) => entry.message_group_uuid));
  for (const each of asked) {
    const { entry, details } = resultOf(each) ?? {};
    for (const group of [entry?.message_group_uuid, details?.group]) if (group) named.add(group);
    if ('group' in each.call && resultOf(each)) named.add(each.call.group);
  }
  return [...named]
    .filter((group) => !logs.has(group))
    .map((group) => ({
      invariant: 2,
      kind: 'lost',
      detail: `${group} was acknowledged, and not read at the end`,
    }));
}

function countBy(names: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
