import { firstGrapheme } from '@parley/contract/graphemes';
import { isBlank } from '@parley/contract/visible';

/** The first characters of the first two words, as one would write them: an emoji of many parts or a flag is one. */
export function initialsOf(name: string): string {
  const words = name.split(/\s+/).map(firstVisible).filter(Boolean);
  return words.slice(0, 2).join('').toUpperCase() || '?';
}

/** Invisible characters may precede it. */
function firstVisible(word: string): string {
  let rest = word;
  while (rest !== '' && isBlank(firstGrapheme(rest))) rest = rest.slice(firstGrapheme(rest).length);
  return firstGrapheme(rest);
}
