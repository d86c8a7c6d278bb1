/** The page speaks English, whatever the browser's language is: its dates, lists and letters do too. */
export const pageLocale = 'en-GB';
