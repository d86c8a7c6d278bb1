import { handleMaxChars, isHandle, isReservedHandle } from '@parley/contract/handles';

/** Why a handle is not allowed, if it is not. */
export function handleProblem(handle: string): string {
  if (handle === '') return 'A handle is needed.';
  if (handle.length > handleMaxChars) return `A handle has at most ${handleMaxChars} characters.`;
  if (isReservedHandle(handle)) return 'This handle is reserved.';
  if (/[^A-Za-z0-9_.-]/.test(handle)) return 'A handle has only the letters a to z, digits, and _ . -';
  return isHandle(handle) ? '' : 'A handle has a letter or a digit.';
}

/** Derives a handle from a name: `Zoë Müller` is `zoe.muller`. Empty if no letter of the name fits a handle. */
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

/** Alternatives to a taken handle: first with the name, then with numbers. */
export function alternativesTo(handle: string, name: string): string[] {
  const stem = handle.slice(0, handleMaxChars - 3);
  const numbered = [2, 3, 7].map((number) => `${stem}${number}`);
  return [handleOf(name), ...numbered].filter((each) => isHandle(each) && each !== handle.toLowerCase());
}
