/** In UTF-16 units, as text fields of browsers count. */
export const titleMaxChars = 100;
export const displayNameMaxChars = 60;
export const bioMaxChars = 500;

/** The greatest `seq`: stored keys have twelve digits for it. */
export const maxSeq = 10 ** 12 - 1;
