import type { CallOf, Entry } from '../history.ts';
import { type Asked, type Digest, grouped, isMessage, ofKind, resultOf, type Violation } from './digest.ts';

type Send = Asked<CallOf<'send'>>;

/** Identifies a send by its text: the workload makes every text unique, so that a duplicate is visible. */
const nameOf = (person: string, message: string) => `${person}\n${message}`;

/**
 * Invariant 2: an acknowledged send is once in the log of the acknowledged conversation, at the acknowledged position
 * and with the acknowledged uuid. A refused send is in no log.
 */
export function checkSends(digest: Digest): Violation[] {
  const sends = ofKind(digest.asked, 'send');
  const found = findMessages(digest);
  const violations = sends.flatMap((send) => checkSend(send, found, digest));
  const sent = new Set(sends.map(({ person, call }) => nameOf(person, call.message)));
  for (const [name, [entry]] of found)
    if (!sent.has(name)) violations.push(wrong('changed', `nobody sent ${JSON.stringify(entry)}`));
  return [...violations, ...checkUuids(digest), ...checkErasedCounts(sends, digest), ...checkOrder(sends)];
}

/** Messages by author and text. Messages of erased people have no text. */
function findMessages({ logs, erased }: Digest) {
  const messages = [...logs.values()].flat().filter((each) => isMessage(each) && !erased.has(each.user_uuid));
  return grouped<Entry>(messages, ({ user_uuid, message }) => nameOf(user_uuid, message));
}

function checkSend(send: Send, found: Map<string, Entry[]>, { logs }: Digest): Violation[] {
  const { person, call, answer } = send;
  const violations: Violation[] = [];
  const name = `${person}'s ${JSON.stringify(call.message)} to ${call.group}`;
  const entries = found.get(nameOf(person, call.message)) ?? [];
  const entry = resultOf(send)?.entry;
  if (entries.length > 1)
    violations.push(wrong('doubled', `${name} is in the log at ${entries.map(({ seq }) => seq)}`));
  if (entry && logs.get(call.group)?.[entry.seq - 1]?.uuid !== entry.uuid)
    violations.push(
      wrong('lost', `${name} was acknowledged as ${entry.uuid} at ${entry.seq}, but is not in the log`),
    );
  if (entry && entry.message_group_uuid !== call.group)
    violations.push(wrong('changed', `${name} went to ${entry.message_group_uuid}`));
  if (answer?.outcome === 'refused' && answer.isSure && entries.length > 0)
    violations.push(wrong('changed', `${name} was refused (${answer.codes}), but is in the log`));
  for (const { answer: repeat } of send.repeats) {
    if (repeat.outcome === 'ok' && repeat.result.entry?.uuid !== entry?.uuid)
      violations.push(
        wrong(
          'doubled',
          `a repeat of ${name} was answered with ${repeat.result.entry?.seq}, not ${entry?.seq}`,
        ),
      );
  }
  return violations;
}

/** The uuids of entries are unique across conversations. */
function checkUuids({ logs }: Digest): Violation[] {
  const byUuid = grouped([...logs.values()].flat(), ({ uuid }) => uuid);
  return [...byUuid].flatMap(([uuid, [first, ...others]]) =>
    others.map(({ message_group_uuid, seq }) =>
      wrong(
        'doubled',
        `${uuid} is both ${first?.message_group_uuid} ${first?.seq} and ${message_group_uuid} ${seq}`,
      ),
    ),
  );
}

/** The messages of an erased person have no texts to compare: there may be at most as many as sends. */
function checkErasedCounts(sends: Send[], { logs, erased }: Digest): Violation[] {
  const violations: Violation[] = [];
  for (const [group, log] of logs) {
    for (const person of erased.keys()) {
      const isOwn = (send: Send) => send.person === person && send.call.group === group;
      const most = sends.filter(isOwn).length;
      const count = log.filter((entry) => isMessage(entry) && entry.user_uuid === person).length;
      if (count > most)
        violations.push(
          wrong('doubled', `${person}, erased, has ${count} messages in ${group} of ${most} sends`),
        );
    }
  }
  return violations;
}

/** A send that begins after another was acknowledged comes after it in the log: the log agrees with real time. */
function checkOrder(sends: Send[]): Violation[] {
  const violations: Violation[] = [];
  const byGroup = grouped(
    sends.filter((send) => resultOf(send)?.entry),
    ({ call }) => call.group,
  );
  for (const ofGroup of byGroup.values()) {
    const byEnd = ofGroup.toSorted((one, other) => one.endMs - other.endMs);
    let greatest = 0;
    let index = 0;
    for (const send of ofGroup.toSorted((one, other) => one.startMs - other.startMs)) {
      for (let ended = byEnd[index]; ended && ended.endMs < send.startMs; ended = byEnd[index]) {
        greatest = Math.max(greatest, seqOf(ended));
        index += 1;
      }
      if (seqOf(send) < greatest)
        violations.push(
          wrong(
            'out of order',
            `${send.call.group} ${seqOf(send)} was sent after ${greatest} was acknowledged`,
          ),
        );
    }
  }
  return violations;
}

const seqOf = (send: Send) => resultOf(send)?.entry?.seq ?? 0;

const wrong = (kind: Violation['kind'], detail: string): Violation => ({ invariant: 2, kind, detail });
