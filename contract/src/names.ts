/**
 * What a name or a title never holds: controls, line and paragraph separators, and the characters that turn the
 * direction of the text beside them. The marks U+200E, U+200F and U+061C act on one place and are allowed.
 */
const unfit = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** Whether a text may be somebody's name or a group's title, apart from its length and from being blank. */
export const isWellFormedName = (text: string) => !unfit.test(text);

/** A name from a sign-up or another system, without what a name never holds; possibly blank. */
export const withoutUnfit = (text: string) => text.replaceAll(new RegExp(unfit, 'gu'), '');
