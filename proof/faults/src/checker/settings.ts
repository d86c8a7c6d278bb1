import type { CallOf, Settings } from '../history.ts';
import { type Asked, type Digest, grouped, isMessage, ofKind, resultOf, type Violation } from './digest.ts';

type Change = Asked<CallOf<'settings'>>;

/**
 * Invariant 2 for the settings of a member: every backend shows the newest acknowledged value at the end. The next
 * message shows a hidden conversation again. Leaving a conversation deletes the settings.
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
        // A new message may show a hidden conversation again before the answer.
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
        wrong(`${person} set ${JSON.stringify(call)}, but ${node} shows ${name} ${row[name]} at the end`),
      ];
    });
}

/** A member who is removed and added again has default settings. */
const mayHaveLeft = ({ asked }: Digest, { person, call, startMs }: Change) =>
  ofKind(asked, 'remove').some(
    (removal) =>
      removal.call.member === person && removal.call.group === call.group && removal.endMs > startMs,
  );

/** Undefined if the history does not tell whether a message followed the hiding. */
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
