import type { Entry, InboxRow } from './api/types.ts';
import { browserStorage } from './storage.ts';

const storageKey = 'parley.notifications';
export const canNotify = () => 'Notification' in window;
export const isNotifying = () =>
  canNotify() && Notification.permission === 'granted' && browserStorage.get(storageKey) === 'on';

/** Asks the browser, on the person's request only. */
export async function setNotifying(isOn: boolean): Promise<boolean> {
  const granted = isOn && (await Notification.requestPermission()) === 'granted';
  browserStorage.set(storageKey, granted ? 'on' : 'off');
  return granted;
}

export const forgetNotifying = () => browserStorage.remove(storageKey);

/** One notification for each conversation: the newest message replaces the one before. */
export function notifyOf(entry: Entry, row: InboxRow) {
  if (!document.hidden || !isNotifying()) return;
  const title = row.kind === 'group' ? `${entry.display_name} · ${row.display_name}` : entry.display_name;
  const notification = new Notification(title, {
    body: entry.message.slice(0, 200),
    tag: entry.message_group_uuid,
    icon: '/icon.svg',
  });
  notification.onclick = () => {
    window.focus();
    history.pushState(null, '', `/messages/${entry.message_group_uuid}`);
    window.dispatchEvent(new PopStateEvent('popstate'));
    notification.close();
  };
}
