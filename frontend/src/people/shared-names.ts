import type { Person } from '@parley/client/api/types';
import { isolate } from '@parley/contract/direction';
import { isReservedHandle } from '@parley/contract/handles';

type Named = Pick<Person, 'uuid' | 'handle' | 'display_name'>;

/** Letters of other alphabets, and a digit, that look like the Latin letter below them. */
const strange = [...'аԁеһіјкӏмнорԛсѕтуѵхвαεηικμνορτυχβ0'];
const latin = [...'adehijklmhopqcstyvxbaehikmvoptyxbo'];

/** The same for names that one cannot tell apart at a glance: by case, by blanks, by what nobody sees, by look-alikes. */
function looksOf(name: string) {
  const plain = name
    .normalize('NFKC')
    .replace(/[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu, '')
    .replace(/[\s\u2800]+/gu, ' ')
    .trim()
    // A capital I is an l to the eye.
    .replace(/[I1|]/g, 'l')
    .toLowerCase()
    .replaceAll('ı', 'i');
  return [...plain]
    .map((char) => latin[strange.indexOf(char)] ?? char)
    .join('')
    .replaceAll('i', 'l');
}

/** The uuids of those whose name somebody else of these people has too: beside it their handle is shown. */
export function sharedNames(people: Iterable<Named>): ReadonlySet<string> {
  const byLooks = new Map<string, Set<string>>();
  for (const { uuid, handle, display_name } of people) {
    // Erased people are all called the same, and their handles say nothing.
    if (isReservedHandle(handle)) continue;
    const looks = looksOf(display_name);
    byLooks.set(looks, (byLooks.get(looks) ?? new Set()).add(uuid));
  }
  return new Set([...byLooks.values()].filter(({ size }) => size > 1).flatMap((uuids) => [...uuids]));
}

/** A person's name in a sentence, whose direction it does not turn. */
export const nameAmong = (shared: ReadonlySet<string>, { uuid, handle, display_name }: Named) =>
  shared.has(uuid) ? `${isolate(display_name)} (@${isolate(handle)})` : isolate(display_name);
