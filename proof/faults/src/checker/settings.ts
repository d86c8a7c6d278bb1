import type { CallOf, Settings } from '../history.ts';
import { type Asked, type Digest, grouped, isMessage, ofKind, resultOf, type Violation } from './digest.ts';

type Change = Asked<CallOf<'settings'>>;

/**
 * Invariant 2 for what a member sets for themselves: the newest acknowledged value is what every backend shows at the
 * end. A hidden conversation comes back with its next message. Leaving forgets the settings.
 */
export function checkSettings(digest: Digest): Violation[] {
  const changes = grouped(ofKind(digest.asked, 'settings'), ({ person, call }) => `${person} ${call.group}`);
  return [...changes.values()].flatMap((ofOne) => [
    ...checkAnswers(ofOne),
    ...checkFinal(digest, ofOne, 'muted', ({ call }) => call.muted),
    ...checkFinal(digest, ofOne, 'hidden', (change) => expectedHidden(digest, change)),
  ]);
}

function checkAnswers(changes: Change[]): Violation[] {
  return changes.flatMap((change) => {
    const { call, person } = change;
    const settings = resultOf(change)?.settings;
    const isWrong =
      settings &&
      ((call.muted !== undefined && call.muted !== settings.muted) ||
        // One that is hidden may have come back while it was answered.
        (call.hidden === false && settings.hidden));
    return isWrong
      ? [wrong(`${person}'s ${JSON.stringify(call)} was answered ${JSON.stringify(settings)}`)]
      : [];
  });
}

function checkFinal(
  digest: Digest,
  changes: Change[],
  name: keyof Settings,
  expected: (change: Change) => boolean | undefined,
): Violation[] {
  const last = changes.findLast(({ call }) => call[name] !== undefined);
  if (!last || !resultOf(last) || mayHaveLeft(digest, last)) return [];
  const { person, call } = last;
  const value = expected(last);
  if (value === undefined) return [];
  return digest.inboxes
    .filter((inbox) => inbox.person === person)
    .flatMap(({ node, rows }) => {
      const row = rows.find(({ uuid }) => uuid === call.group);
      if (!row || row[name] === value) return [];
      return [
        wrong(`${person} set ${JSON.stringify(call)}, and ${node} shows ${name} ${row[name]} at the end`),
      ];
    });
}

/** Whoever is removed and added again begins with new settings. */
const mayHaveLeft = ({ asked }: Digest, { person, call, startMs }: Change) =>
  ofKind(asked, 'remove').some(
    (removal) =>
      removal.call.member === person && removal.call.group === call.group && removal.endMs > startMs,
  );

/** Undefined if nobody can tell whether a message came after it was hidden. */
function expectedHidden({ asked, logs }: Digest, change: Change): boolean | undefined {
  const { call, startMs, endMs } = change;
  if (call.hidden === false) return false;
  const sends = ofKind(asked, 'send').filter((send) => send.call.group === call.group);
  if (sends.some((send) => resultOf(send) && send.startMs > endMs)) return false;
  const before = new Set(
    sends.filter((send) => send.endMs < startMs).map((send) => resultOf(send)?.entry?.uuid),
  );
  const areAllBefore = (logs.get(call.group) ?? []).filter(isMessage).every(({ uuid }) => before.has(uuid));
  return areAllBefore ? true : undefined;
}

const wrong = (detail: string): Violation => ({ invariant: 2, kind: 'setting wrong', detail });
