/** A letter of each script that the font has beside Latin. */
const samples = 'ěạЯ';

/**
 * Fetches the letters of other scripts while the chat reads its data, so that they are there before the first name in them.
 * The page does without them if they do not come.
 */
export const loadLetters = () => void document.fonts.load('1em "Wix Madefor Text"', samples).catch(() => []);
