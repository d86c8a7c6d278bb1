/** The page is in English, so its dates, lists and sorting are too, whatever the browser's language is. */
export const pageLocale = 'en-GB';
