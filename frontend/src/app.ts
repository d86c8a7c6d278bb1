import { createApi, createHandleCheck, readClientConfig } from './api/client.ts';
import { ApiError, explain } from './api/errors.ts';
import type { ClientConfig, Profile } from './api/types.ts';
import { type Cognito, createCognito } from './auth/cognito.ts';
import { createSession, isSignedOut, type Session, type SessionCredentials } from './auth/session.ts';
import { type Chat, createChat } from './chat/chat.ts';
import { forget } from './chat/kept.ts';
import { createSignal } from './chat/signal.ts';
import { type Connection, createConnection } from './live/connection.ts';
import { forgetNotifying, notifyOf } from './notifications.ts';
import { browserStorage } from './storage.ts';
import { openTabs } from './tabs.ts';

export type Stage =
  | { name: 'starting' }
  | { name: 'unreachable'; reason: string }
  | { name: 'signed-out'; cognito: Cognito; config: ClientConfig; farewell: string }
  | {
      name: 'signed-in';
      chat: Chat;
      api: ReturnType<typeof createApi>;
      config: ClientConfig;
      /** The handle asked for at sign-up, known after a sign-in on this page. */
      wantedHandle?: string | undefined;
    };

/**
 * How far the deletion of the account came. While it is asked for, its answer says what an end of the session means: the
 * server may end it first. Unclear is a deletion that got no answer.
 */
type Deletion = 'none' | 'asked' | 'unclear' | 'done';

const farewells: Record<Deletion, string> = {
  none: '',
  asked: '',
  unclear:
    'You were signed out before the deletion was confirmed. If you can sign in, your account is still there.',
  done: 'Your account is deleted. Your name and your messages disappear for everybody within seconds.',
};

const stillSignedInElsewhere =
  'You are signed out here. Parley did not confirm it for your other devices: sign in and out again to be sure.';

/** Who is signed in, and what belongs to them: built at sign-in, taken down at sign-out. */
export function createApplication() {
  const signal = createSignal((notify) => queueMicrotask(notify));
  let stage: Stage = { name: 'starting' };
  let config: ClientConfig | undefined;
  let cognito: Cognito | undefined;
  let session: Session | undefined;
  let credentials: SessionCredentials | undefined;
  let connection: Connection | undefined;
  let deletion: Deletion = 'none';
  let hasSignedOutElsewhere = true;
  const deletions = openTabs('parley.deleted', leaveDeleted);
  const departures = openTabs('parley.signed-out', (userUuid) => {
    if (stage.name === 'signed-in' && stage.chat.me.uuid === userUuid && credentials?.isCurrent())
      session?.end();
  });
  const farewell = () => farewells[deletion] || (hasSignedOutElsewhere ? '' : stillSignedInElsewhere);

  function enter(next: Stage) {
    stage = next;
    signal.change();
  }

  async function start() {
    enter({ name: 'starting' });
    try {
      config ??= await readClientConfig(window.fetch.bind(window));
      cognito ??= createCognito(config, window.fetch.bind(window));
      session ??= createSession(cognito, browserStorage, leave);
      if (session.isOpen()) await enterChat(config, session);
      else enter({ name: 'signed-out', cognito, config, farewell: farewell() });
    } catch (error) {
      if (stage.name === 'signed-out') return;
      // Another tab has signed out, or in: that is what to start with.
      if (isSignedOut(error)) return start();
      enter({ name: 'unreachable', reason: explain(error) });
    }
  }

  /** A notice that cannot be made is left out. */
  async function readWantedHandle(access: string) {
    const wantedHandle = await cognito?.wantedHandle(access).catch(() => undefined);
    if (stage.name === 'signed-in') enter({ ...stage, wantedHandle });
  }

  async function enterChat(settings: ClientConfig, opened: Session) {
    const own = opened.credentials();
    const api = createApi(own, window.fetch.bind(window));
    let me: Profile;
    try {
      me = await api.profile();
      await own.token();
    } catch (error) {
      if (error instanceof ApiError && [401, 403].includes(error.status) && own.isCurrent()) opened.end();
      throw error;
    }
    credentials = own;
    deletion = 'none';
    hasSignedOutElsewhere = true;
    const chat = createChat({
      api,
      me,
      storage: browserStorage,
      tell: (action, payload) => void connection?.request(action, payload).catch(() => {}),
      onMessage: notifyOf,
    });
    connection = createConnection({
      url: `${location.origin.replace(/^http/, 'ws')}${settings.realtime_path}`,
      token: own.token,
      validForMs: own.validForMs,
      onRefused: own.renew,
      onEvent: chat.hearEvent,
      onState: chat.setLive,
    });
    enter({ name: 'signed-in', chat, api, config: settings });
    void chat.readInbox();
    connection.open();
  }

  function leave() {
    if (deletion === 'asked') return;
    if (stage.name === 'signed-in') stage.chat.close();
    connection?.close();
    connection = undefined;
    if (cognito && config) enter({ name: 'signed-out', cognito, config, farewell: farewell() });
  }

  /** Another tab has signed out, or in. A page that is starting sees it by itself. */
  function followSession() {
    if (stage.name === 'signed-in' && !credentials?.isCurrent()) leave();
    if (stage.name === 'signed-out' && session?.isOpen()) void start();
  }

  /** The person is gone, and so is what was kept of them here. */
  function leaveDeleted(userUuid: string) {
    if (stage.name !== 'signed-in' || stage.chat.me.uuid === userUuid) {
      deletion = 'done';
      leave();
    }
    forget(browserStorage, userUuid);
    forgetNotifying();
  }

  window.addEventListener('online', () => connection?.retryNow());
  window.addEventListener('offline', () => connection?.suspend());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') connection?.retryNow();
  });
  window.addEventListener('storage', ({ key, newValue }) => {
    browserStorage.hear({ key, newValue });
    if (key === 'parley.session') followSession();
  });

  return {
    signal,
    stage: () => stage,
    start,
    async signIn(email: string, password: string) {
      if (!cognito || !session) return;
      const tokens = await cognito.signIn(email, password);
      session.open(tokens);
      await start();
      await readWantedHandle(tokens.access);
    },
    checkHandle: createHandleCheck(window.fetch.bind(window)),
    async signOut() {
      if (stage.name !== 'signed-in') return;
      deletion = 'none';
      const userUuid = stage.chat.me.uuid;
      hasSignedOutElsewhere = await isDone(stage.api.signOut());
      departures.tell(userUuid);
      await session?.close();
    },
    /** Signs in anew first, as the server demands. Rejects where the server refuses, or does not answer. */
    async deleteAccount(password: string) {
      if (stage.name !== 'signed-in' || !cognito || !session || !credentials) return;
      const { api, chat } = stage;
      session.open(await cognito.signInAgain(await credentials.token(), password));
      deletion = 'asked';
      try {
        await api.deleteProfile();
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) session?.end();
        deletion = isRefusal(error) ? 'none' : 'unclear';
        if (!session?.isOpen()) leave();
        throw error;
      }
      session?.end();
      leaveDeleted(chat.me.uuid);
      deletions.tell(chat.me.uuid);
    },
    retryNow: () => connection?.retryNow(),
  };
}

/** Of a sign-out: a token that is refused was signed out before. */
const isDone = (signOut: Promise<object>) =>
  signOut.then(
    () => true,
    (error) => isSignedOut(error) || (error instanceof ApiError && error.status === 401),
  );

/** The server did nothing. A token that is not good any more may be the doing of an earlier try. */
const isRefusal = (error: unknown) =>
  error instanceof ApiError && ['busy', 'rate_limited'].includes(error.codes[0] ?? '');

export type Application = ReturnType<typeof createApplication>;
