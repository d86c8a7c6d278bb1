import type { StoredEntry } from '../history.ts';
import { type Digest, isGroup, isMessage, ofKind, resultOf, type Violation } from './digest.ts';

/** After an acknowledged sign-out or erasure, tokens are refused; no text or membership of an erased person remains. */
export function checkAccounts(digest: Digest): Violation[] {
  return [...checkTokens(digest), ...checkErased(digest)];
}

/** Every backend refuses the tokens up to the one that signed out, and accepts the newest token of everybody else. */
function checkTokens({ asked, tokens, erased }: Digest): Violation[] {
  const dead = new Map<string, number>();
  const mayBeDead = new Map<string, number>();
  for (const each of [...ofKind(asked, 'sign-out'), ...ofKind(asked, 'erase')]) {
    const { person, call, answer } = each;
    if (resultOf(each)) dead.set(person, Math.max(dead.get(person) ?? 0, call.token));
    // The server may still execute an attempt without an answer at any later time.
    const latest = answer?.attempts === 1 ? call.token : Infinity;
    mayBeDead.set(person, Math.max(mayBeDead.get(person) ?? 0, latest));
  }
  const violations: Violation[] = [];
  for (const { person, node, token, status } of tokens) {
    const name = `token ${token} of ${person}`;
    if (token <= (dead.get(person) ?? 0) && status !== 401)
      violations.push(wrong('token accepted', `${node} answers ${status} to ${name}, which was signed out`));
    if (token > (mayBeDead.get(person) ?? 0) && !erased.has(person) && status !== 200)
      violations.push(
        wrong('token refused', `${node} answers ${status} to ${name}, which nobody signed out`),
      );
  }
  return violations;
}

function checkErased(digest: Digest): Violation[] {
  const { people, erased, tables, finals, inboxes, logs } = digest;
  const violations: Violation[] = [];
  for (const [person, { isSure }] of erased) {
    if (!isSure) continue;
    const { handle } = people.find(({ uuid }) => uuid === person) ?? {};
    const isLeft = (entry: StoredEntry) =>
      entry.user_uuid === person && isMessage(entry) ? entry.message !== '' : names(entry.message, handle);
    const accuse = (where: string, text: string) =>
      violations.push(wrong('text left', `${person} was erased, and ${where} holds ${JSON.stringify(text)}`));
    for (const { group, entries, members } of tables.values()) {
      for (const entry of entries.filter(isLeft)) accuse(`the table at ${group} ${entry.seq}`, entry.message);
      if (isGroup(entries) && members.some(({ uuid }) => uuid === person))
        violations.push(wrong('not a member', `${person} was erased, and is a member of ${group}`));
    }
    for (const { group, node, entries } of finals)
      for (const entry of entries.filter(isLeft)) accuse(`${node} at ${group} ${entry.seq}`, entry.message);
    for (const { person: reader, node, rows } of inboxes)
      for (const row of rows) {
        const newest = logs.get(row.uuid)?.[row.last_seq - 1];
        const isOwn = newest?.user_uuid === person && isMessage(newest);
        if ((isOwn && row.message !== '') || names(row.message, handle) || names(row.display_name, handle))
          accuse(`${reader}'s inbox at ${node}`, `${row.display_name}: ${row.message}`);
      }
  }
  return violations;
}

/** Compares whole words: the handle `person1` is not contained in `person12`. */
const names = (text: string, handle: string | undefined) =>
  handle !== undefined && text.split(/[^a-z0-9]+/i).includes(handle);

const wrong = (kind: Violation['kind'], detail: string): Violation => ({ invariant: 9, kind, detail });
