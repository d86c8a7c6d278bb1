import type { CallOf, Entry } from '../history.ts';
import { type Asked, type Digest, grouped, isMessage, resultOf, type Violation } from './digest.ts';

type Send = Asked & { call: CallOf<'send'> };
const isSend = (asked: Asked): asked is Send => asked.call.kind === 'send';

/** Sends that read alike would hide a doubled one: the workload makes every text unique. */
const nameOf = (person: string, message: string) => `${person}\n${message}`;

/** Invariant 2: an acknowledged send is in the log exactly once, where it was said to be; a refused one never. */
export function checkSends({ asked, logs }: Digest): Violation[] {
  const sends = asked.filter(isSend);
  const found = findMessages(logs);
  const violations = sends.flatMap((send) => checkSend(send, found, logs));
  const sent = new Set(sends.map(({ person, call }) => nameOf(person, call.message)));
  for (const [name, [entry]] of found)
    if (!sent.has(name)) violations.push(wrong('changed', `nobody sent ${JSON.stringify(entry)}`));
  return [...violations, ...checkOrder(sends)];
}

function findMessages(logs: Digest['logs']) {
  const found = new Map<string, Entry[]>();
  for (const entry of [...logs.values()].flat().filter(isMessage)) {
    const name = nameOf(entry.user_uuid, entry.message);
    found.set(name, [...(found.get(name) ?? []), entry]);
  }
  return found;
}

function checkSend(send: Send, found: Map<string, Entry[]>, logs: Digest['logs']): Violation[] {
  const { person, call, answer } = send;
  if (!logs.has(call.group)) return [];
  const violations: Violation[] = [];
  const name = `${person}'s ${JSON.stringify(call.message)} to ${call.group}`;
  const entries = found.get(nameOf(person, call.message)) ?? [];
  const entry = resultOf(send)?.entry;
  if (entries.length > 1)
    violations.push(wrong('doubled', `${name} is in the log at ${entries.map(({ seq }) => seq)}`));
  if (entry && !entries.some(({ uuid }) => uuid === entry.uuid))
    violations.push(wrong('lost', `${name} was acknowledged at ${entry.seq} and is not in the log`));
  if (entry && entry.message_group_uuid !== call.group)
    violations.push(wrong('changed', `${name} went to ${entry.message_group_uuid}`));
  if (answer?.outcome === 'refused' && answer.isSure && entries.length > 0)
    violations.push(wrong('changed', `${name} was refused (${answer.codes}) and is in the log`));
  for (const repeat of send.repeats) {
    if (repeat.outcome === 'ok' && repeat.result.entry?.uuid !== entry?.uuid)
      violations.push(
        wrong('doubled', `${name}, repeated, is ${repeat.result.entry?.seq}, not ${entry?.seq}`),
      );
  }
  return violations;
}

/** Whoever sends after another's send was acknowledged comes after it: the log agrees with real time. */
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
