const isShown = (element: Element | null | undefined): element is HTMLElement =>
  element instanceof HTMLElement && element.isConnected && element.getClientRects().length > 0;

/**
 * Keeps the focus off the body, where it is lost: unless something has it, `wanted` gets it, or the title of the
 * topmost dialog, or that of the page's place.
 */
export function focusSomething(wanted?: Element | null) {
  const now = document.activeElement;
  const dialog = [...document.querySelectorAll('dialog[open]')].at(-1);
  if (now !== document.body && isShown(now) && (!dialog || dialog.contains(now))) return;
  const places = dialog ? [dialog.querySelector('h2')] : [...document.querySelectorAll('[data-place-title]')];
  const found = [wanted, ...places].find((each) => isShown(each) && (!dialog || dialog.contains(each)));
  if (isShown(found)) found.focus();
}
