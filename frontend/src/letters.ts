/** A letter of each script that the font has besides Latin. */
const samples = 'ěạЯ';

/**
 * Fetches the font files of other scripts while the chat loads its data, so that they arrive before the first name that
 * needs them. If they do not arrive, the page uses the system's fonts.
 */
export const loadLetters = () => void document.fonts.load('1em "Wix Madefor Text"', samples).catch(() => []);
