import type { Entry, InboxRow } from '@parley/client/api/types';
import { isolate } from '@parley/contract/direction';
import { cut } from '@parley/contract/graphemes';
import { browserStorage } from './storage.ts';
import { formatting } from './text/formatting.ts';

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

const maxBodyChars = 200;

function titleOf({ display_name: sender }: Entry, { kind, display_name: title }: InboxRow) {
  return kind === 'group' ? `${isolate(sender)} · ${isolate(title)}` : isolate(sender);
}

/** Undefined in a browser that has the constructor and refuses it, as Chrome on Android does. The setting is then off. */
function create(title: string, options: NotificationOptions): Notification | undefined {
  try {
    return new Notification(title, options);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    browserStorage.set(storageKey, 'off');
    return undefined;
  }
}

/** One notification for each conversation: the newest message replaces the one before. */
export function notifyOf(entry: Entry, row: InboxRow) {
  if (!document.hidden || !isNotifying()) return;
  const notification = create(titleOf(entry, row), {
    body: isolate(cut(formatting.plain(entry.message), maxBodyChars)),
    tag: entry.message_group_uuid,
    icon: '/icon.svg',
  });
  if (!notification) return;
  notification.onclick = () => {
    window.focus();
    history.pushState(null, '', `/messages/${entry.message_group_uuid}`);
    window.dispatchEvent(new PopStateEvent('popstate'));
    notification.close();
  };
}
