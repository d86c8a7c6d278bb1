/** In UTF-16 units, which is what a text field of a browser counts. */
export const titleMaxChars = 100;
export const displayNameMaxChars = 60;
export const bioMaxChars = 500;

/** The greatest `seq`: stored keys have twelve digits for it. */
export const maxSeq = 10 ** 12 - 1;
