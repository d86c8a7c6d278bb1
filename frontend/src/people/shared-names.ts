import type { Person } from '@parley/client/api/types';
import { isolate } from '@parley/contract/direction';
import { isReservedHandle } from '@parley/contract/handles';

type Named = Pick<Person, 'uuid' | 'handle' | 'display_name'>;

/** Letters of other alphabets, and a digit, that look like a Latin letter. */
const strange = [...'аԁеһіјкӏмнорԛсѕтуѵхвαεηικμνορτυχβ0'];
const latin = [...'adehijklmhopqcstyvxbaehikmvoptyxbo'];

/** Equal for names that look alike: they differ only in case, blanks, invisible characters or similar letters. */
function looksOf(name: string) {
  const plain = name
    .normalize('NFKC')
    .replace(/[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu, '')
    .replace(/[\s\u2800]+/gu, ' ')
    .trim()
    // A capital I looks like an l.
    .replace(/[I1|]/g, 'l')
    .toLowerCase()
    .replaceAll('ı', 'i');
  return [...plain]
    .map((char) => latin[strange.indexOf(char)] ?? char)
    .join('')
    .replaceAll('i', 'l');
}

/** The uuids of people whose name another one of them has too. Their handle is shown beside it. */
export function sharedNames(people: Iterable<Named>): ReadonlySet<string> {
  const byLooks = new Map<string, Set<string>>();
  for (const { uuid, handle, display_name } of people) {
    // All erased people have the same name, and their handles say nothing.
    if (isReservedHandle(handle)) continue;
    const looks = looksOf(display_name);
    byLooks.set(looks, (byLooks.get(looks) ?? new Set()).add(uuid));
  }
  return new Set([...byLooks.values()].filter(({ size }) => size > 1).flatMap((uuids) => [...uuids]));
}

/** A person's name for use in a sentence, isolated in its direction. */
export const nameAmong = (shared: ReadonlySet<string>, { uuid, handle, display_name }: Named) =>
  shared.has(uuid) ? `${isolate(display_name)} (@${isolate(handle)})` : isolate(display_name);
