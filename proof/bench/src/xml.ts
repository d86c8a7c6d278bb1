/** A text as an SVG holds it. */
export const xml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
