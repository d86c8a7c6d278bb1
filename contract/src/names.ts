/**
 * Characters that names and titles may not contain: controls, lone surrogates, line and paragraph separators, and those
 * that change the direction of the text beside them. The marks U+200E, U+200F and U+061C do not, and are allowed.
 */
const forbidden = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** Whether a name or title has only allowed characters. Its length and blankness are checked elsewhere. */
export const isWellFormedName = (text: string) => !forbidden.test(text);

/** A name of a sign-up or an import without forbidden characters. It may be blank. */
export const withoutForbidden = (text: string) => text.replaceAll(new RegExp(forbidden, 'gu'), '');
