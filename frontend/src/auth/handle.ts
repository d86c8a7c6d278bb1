import { handleMaxChars, isHandle, isReservedHandle } from '@parley/contract/handles';

/** Why nobody can have this handle, or nothing. */
export function handleProblem(handle: string): string {
  if (handle === '') return 'A handle is needed.';
  if (handle.length > handleMaxChars) return `A handle has at most ${handleMaxChars} characters.`;
  if (isReservedHandle(handle)) return 'This handle is reserved.';
  if (/[^A-Za-z0-9_.-]/.test(handle)) return 'A handle has only the letters a to z, digits, and _ . -';
  return isHandle(handle) ? '' : 'A handle has a letter or a digit.';
}

/** A handle made of somebody's name: `Zoë Müller` is `zoe.muller`. Empty where no letter of the name can be one's. */
export function handleOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .replace(/ø/g, 'o')
    .replace(/æ/g, 'ae')
    .replace(/ł/g, 'l')
    .replace(/['’]/g, '')
    .replace(/[^a-z0-9]+/g, '.')
    .replace(/^\.|\.$/g, '');
  const handle = plain.slice(0, handleMaxChars).replace(/\.$/, '');
  return isHandle(handle) ? handle : '';
}

/** What to try where a handle is taken: with the name first, then with numbers. */
export function alternativesTo(handle: string, name: string): string[] {
  const stem = handle.slice(0, handleMaxChars - 3);
  const numbered = [2, 3, 7].map((number) => `${stem}${number}`);
  return [handleOf(name), ...numbered].filter((each) => isHandle(each) && each !== handle.toLowerCase());
}
