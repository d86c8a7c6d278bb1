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
      /** Acknowledged calls, by kind. */
      done: Record<string, number>;
      /** Acknowledged sends. */
      acknowledged: number;
      /** Sends that needed more than one attempt. */
      retried: number;
      /** Calls without a known outcome. */
      unknown: number;
      entries: number;
      faults: Record<string, number>;
    };
};

/** Decides from the clients' histories alone whether the invariants held. */
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

/** Codes that a campaign may cause: by strangers, removed members and concurrent changes of a group. */
const expectedCodes = new Set(['message_group_not_found', 'member_not_found', 'generic_403', 'last_admin']);

/** Under faults a call succeeds, is refused with an expected code, or is retried: no other answer is allowed. */
function checkAnswers({ asked, erased }: Digest): Violation[] {
  const isErasedBy = (person: string, atMs: number) => (erased.get(person)?.startMs ?? Infinity) < atMs;
  const isExpected = ({ person, call }: Asked, code: string, isSure: boolean, atMs: number) =>
    expectedCodes.has(code) ||
    // An earlier attempt, whose answer was lost, signed it out.
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

/** The people that a call names. */
function concernedBy(call: Call): string[] {
  if (call.kind === 'create') return call.members;
  if (call.kind === 'send') return call.to === undefined ? [] : [call.to];
  return 'member' in call ? [call.member] : [];
}

/** Every acknowledged conversation must be read at the end: otherwise no check would cover it. */
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
      detail: `${group} was acknowledged, but was not read at the end`,
    }));
}

function countBy(names: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
