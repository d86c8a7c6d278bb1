import { createApi, readClientConfig } from './api/client.ts';
import { ApiError, explain } from './api/errors.ts';
import type { ClientConfig, Profile } from './api/types.ts';
import { type Cognito, createCognito } from './auth/cognito.ts';
import { createSession, type Session } from './auth/session.ts';
import { type Chat, createChat } from './chat/chat.ts';
import { createSignal } from './chat/signal.ts';
import { type Connection, createConnection } from './live/connection.ts';
import { notifyOf } from './notifications.ts';

export type Stage =
  | { name: 'starting' }
  | { name: 'unreachable'; reason: string }
  | { name: 'signed-out'; cognito: Cognito; config: ClientConfig }
  | { name: 'signed-in'; chat: Chat; api: ReturnType<typeof createApi>; config: ClientConfig };

/** Who is signed in, and what belongs to them: built at sign-in, taken down at sign-out. */
export function createApplication() {
  const signal = createSignal((notify) => queueMicrotask(notify));
  let stage: Stage = { name: 'starting' };
  let config: ClientConfig | undefined;
  let cognito: Cognito | undefined;
  let session: Session | undefined;
  let connection: Connection | undefined;

  function enter(next: Stage) {
    stage = next;
    signal.change();
  }

  async function start() {
    enter({ name: 'starting' });
    try {
      config ??= await readClientConfig(window.fetch.bind(window));
      cognito ??= createCognito(config, window.fetch.bind(window));
      session ??= createSession(cognito, localStorage, leave);
      if (session.isOpen()) await enterChat(config, session);
      else enter({ name: 'signed-out', cognito, config });
    } catch (error) {
      if (stage.name !== 'signed-out') enter({ name: 'unreachable', reason: explain(error) });
    }
  }

  async function enterChat(settings: ClientConfig, opened: Session) {
    const api = createApi(opened, window.fetch.bind(window));
    let me: Profile;
    try {
      me = await api.profile();
    } catch (error) {
      if (error instanceof ApiError && [401, 403].includes(error.status)) opened.end();
      throw error;
    }
    const chat = createChat({
      api,
      me,
      storage: localStorage,
      tell: (action, payload) => void connection?.request(action, payload).catch(() => {}),
      onMessage: notifyOf,
    });
    connection = createConnection({
      url: `${location.origin.replace(/^http/, 'ws')}${settings.realtime_path}`,
      token: opened.token,
      expiresAtMs: opened.expiresAtMs,
      onRefused: opened.renew,
      onEvent: chat.hearEvent,
      onState: chat.setLive,
    });
    enter({ name: 'signed-in', chat, api, config: settings });
    void chat.readInbox();
    connection.open();
  }

  function leave() {
    if (stage.name === 'signed-in') stage.chat.close();
    connection?.close();
    connection = undefined;
    if (cognito && config) enter({ name: 'signed-out', cognito, config });
  }

  window.addEventListener('online', () => connection?.retryNow());
  window.addEventListener('offline', () => connection?.suspend());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') connection?.retryNow();
  });
  window.addEventListener('storage', ({ key, newValue }) => {
    if (key === 'parley.session' && (newValue === null) === (stage.name === 'signed-in')) {
      if (newValue === null) leave();
      else void start();
    }
  });

  return {
    signal,
    stage: () => stage,
    start,
    async signIn(email: string, password: string) {
      if (!cognito || !session) return;
      session.open(await cognito.signIn(email, password));
      await start();
    },
    async signOut() {
      if (stage.name !== 'signed-in') return;
      await stage.api.signOut().catch(() => {});
      await session?.close();
    },
    retryNow: () => connection?.retryNow(),
  };
}

export type Application = ReturnType<typeof createApplication>;
