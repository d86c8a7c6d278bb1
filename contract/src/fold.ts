const unseen = /[\p{Cc}\p{Default_Ignorable_Code_Point}]/gu;
/** The accents of Latin, Greek and Cyrillic letters. */
const accents = /[\u0300-\u036f]/g;

/**
 * A text as searches compare it: compatibility characters, case, accents, what nobody sees and the number of spaces
 * make no difference. Unicode alone decides, in every locale alike. Folding twice changes nothing.
 */
export function fold(text: string): string {
  // By way of upper case ß and ẞ become ss. Lower case makes a sigma at the end of a word ς.
  const upper = compatible(compatible(text).toLowerCase().toUpperCase());
  const cased = upper.toLowerCase().replaceAll('ς', 'σ');
  return compatible(cased)
    .replace(/\p{White_Space}+/gu, ' ')
    .trim();
}

/** Decomposed, so that the beginning of a text stays one while its last letter is being completed. */
const compatible = (text: string) => text.normalize('NFKD').replace(unseen, '').replace(accents, '');
