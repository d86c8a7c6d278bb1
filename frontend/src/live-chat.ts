import { ApiError } from '@parley/client/api/errors';
import { createApi } from '@parley/client/api/requests';
import type { ClientConfig, Profile } from '@parley/client/api/types';
import { createConnection } from '@parley/client/live/connection';
import { createChat } from '@parley/client/sync/chat';
import type { Session, SessionCredentials } from './auth/session.ts';
import { notifyOf } from './notifications.ts';
import { browserStorage } from './storage.ts';

/** The chat of the signed-in person with its connection. A refused session is ended. */
export async function openLiveChat(config: ClientConfig, session: Session) {
  const credentials = session.credentials();
  const api = createApi({ tokens: credentials, fetch: window.fetch.bind(window) });
  const me = await readProfile(api.profile, session, credentials);
  const chat = createChat({
    api,
    me,
    storage: browserStorage,
    sendFrame: (action, payload) => void connection.request(action, payload).catch(() => {}),
    onMessage: notifyOf,
  });
  const connection = createConnection({
    url: `${location.origin.replace(/^http/, 'ws')}${config.realtime_path}`,
    WebSocket,
    tokens: credentials,
    onEvent: chat.applyEvent,
    onState: chat.setLive,
  });
  return { api, chat, connection, credentials };
}

async function readProfile(
  profile: () => Promise<Profile>,
  session: Session,
  credentials: SessionCredentials,
) {
  try {
    const me = await profile();
    // Another person may have signed in during the request.
    await credentials.token();
    return me;
  } catch (error) {
    const isRefused = error instanceof ApiError && [401, 403].includes(error.status);
    if (isRefused && credentials.isCurrent()) session.end();
    throw error;
  }
}
