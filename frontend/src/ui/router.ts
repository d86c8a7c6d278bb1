import { useSyncExternalStore } from 'react';

export type Place =
  | { name: 'inbox' }
  | { name: 'conversation'; uuid: string }
  | { name: 'new'; handle: string }
  | { name: 'nowhere' };

const uuidPattern = /^\/messages\/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\/?$/i;

export function placeOf(path: string): Place {
  const uuid = uuidPattern.exec(path)?.[1];
  if (uuid) return { name: 'conversation', uuid: uuid.toLowerCase() };
  const handle = /^\/messages\/new\/([^/]+)\/?$/.exec(path)?.[1];
  if (!handle) return { name: path === '/' || path === '/index.html' ? 'inbox' : 'nowhere' };
  try {
    return { name: 'new', handle: decodeURIComponent(handle).replace(/^@/, '') };
  } catch {
    return { name: 'nowhere' };
  }
}

export const pathOf = {
  inbox: () => '/',
  conversation: (uuid: string) => `/messages/${uuid}`,
  new: (handle: string) => `/messages/new/${encodeURIComponent(handle)}`,
};

export function go(path: string, { replace = false } = {}) {
  if (path === location.pathname) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', path);
  window.dispatchEvent(new PopStateEvent('popstate'));
}

function subscribe(listener: () => void) {
  window.addEventListener('popstate', listener);
  return () => window.removeEventListener('popstate', listener);
}

export const usePath = () => useSyncExternalStore(subscribe, () => location.pathname);
