const invisible = /[\p{Cc}\p{Default_Ignorable_Code_Point}]/gu;
/** The accents of Latin, Greek and Cyrillic letters. */
const accents = /[\u0300-\u036f]/g;

/**
 * Folds a text for searches: compatibility forms, case, accents, invisible characters and the number of spaces make no
 * difference. The result is the same in every locale. Folding twice changes nothing.
 */
export function fold(text: string): string {
  // Through upper case, so that ß and ẞ become ss. Lower case turns a sigma at the end of a word into ς.
  const upper = compatible(compatible(text).toLowerCase().toUpperCase());
  const cased = upper.toLowerCase().replaceAll('ς', 'σ');
  return compatible(cased)
    .replace(/\p{White_Space}+/gu, ' ')
    .trim();
}

/** Decomposed, so that while somebody types a letter with marks, each step is a prefix of the next. */
const compatible = (text: string) => text.normalize('NFKD').replace(invisible, '').replace(accents, '');
