import type { Connection } from '@parley/client/live/connection';
import { appearance, storageKey as appearanceKey } from './appearance.ts';
import { browserStorage } from './storage.ts';
import { formatting, storageKey as formattingKey } from './text/formatting.ts';

type Options = {
  connection(): Connection | undefined;
  /** Another tab signed in or out, or renewed its token. */
  onSession(): void;
};

/** Connects events of the browser to the connection and the session. */
export function listenToPage({ connection, onSession }: Options) {
  window.addEventListener('online', () => connection()?.retryNow());
  window.addEventListener('offline', () => connection()?.suspend());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') connection()?.retryNow();
  });
  window.addEventListener('storage', ({ key, newValue }) => {
    browserStorage.applyEvent({ key, newValue });
    if (key === 'parley.session') onSession();
    if (key === appearanceKey) appearance.apply();
    if (key === formattingKey) formatting.apply();
  });
}
