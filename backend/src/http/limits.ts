/** In UTF-16 units, which is what a text field of a browser counts. */
export const titleMaxChars = 100;
export const displayNameMaxChars = 60;
export const bioMaxChars = 500;
