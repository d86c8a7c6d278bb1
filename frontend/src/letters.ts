import cyrillic from '@fontsource-variable/wix-madefor-text/files/wix-madefor-text-cyrillic-wght-normal.woff2?url';
import latin from '@fontsource-variable/wix-madefor-text/files/wix-madefor-text-latin-ext-wght-normal.woff2?url';
import vietnamese from '@fontsource-variable/wix-madefor-text/files/wix-madefor-text-vietnamese-wght-normal.woff2?url';

let isAsked = false;

/**
 * Fetches the letters of other scripts while the chat reads its data. A file that is asked for by the first text that needs
 * it would come too late for that text.
 */
export function loadLetters() {
  if (isAsked) return;
  isAsked = true;
  for (const href of [latin, vietnamese, cyrillic]) {
    const link = document.createElement('link');
    Object.assign(link, { rel: 'preload', as: 'font', type: 'font/woff2', crossOrigin: '', href });
    document.head.append(link);
  }
}
