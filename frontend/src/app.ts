import { ApiError, explain } from '@parley/client/api/errors';
import { createHandleCheck, readClientConfig } from '@parley/client/api/requests';
import type { ClientConfig } from '@parley/client/api/types';
import type { Connection } from '@parley/client/live/connection';
import { createSignal } from '@parley/client/sync/signal';
import { forget } from '@parley/client/sync/stored';
import { type Deletion, farewells, isRefusal } from './account-deletion.ts';
import { type Cognito, createCognito } from './auth/cognito.ts';
import { createSession, isSignedOut, type Session, type SessionCredentials } from './auth/session.ts';
import { loadLetters } from './letters.ts';
import { openLiveChat } from './live-chat.ts';
import { forgetNotifying } from './notifications.ts';
import { listenToPage } from './page-events.ts';
import type { Stage } from './stage.ts';
import { browserStorage } from './storage.ts';
import { openTabs } from './tabs.ts';

const stillSignedInElsewhere =
  'You are signed out here. Parley did not confirm it for your other devices: sign in and out again to be sure.';

const fetchFromPage = window.fetch.bind(window);

/** The stage of the page, and who is signed in. The chat is built at sign-in and taken down at sign-out. */
function createStages() {
  const signal = createSignal();
  let stage: Stage = { name: 'starting' };
  let config: ClientConfig | undefined;
  let cognito: Cognito | undefined;
  let session: Session | undefined;
  let credentials: SessionCredentials | undefined;
  let connection: Connection | undefined;
  let deletion: Deletion = 'none';
  let hasSignedOutElsewhere = true;
  const farewell = () => farewells[deletion] || (hasSignedOutElsewhere ? '' : stillSignedInElsewhere);

  function enter(next: Stage) {
    stage = next;
    signal.change();
  }

  function leave() {
    if (deletion === 'asked') return;
    if (stage.name === 'signed-in') stage.chat.close();
    connection?.close();
    connection = undefined;
    if (cognito && config) enter({ name: 'signed-out', cognito, config, farewell: farewell() });
  }

  async function enterChat(settings: ClientConfig, opened: Session) {
    loadLetters();
    const live = await openLiveChat(settings, opened);
    const { chat, api } = live;
    deletion = 'none';
    hasSignedOutElsewhere = true;
    credentials = live.credentials;
    connection = live.connection;
    enter({ name: 'signed-in', chat, api, config: settings });
    void chat.readInbox();
    connection.open();
  }

  async function start(): Promise<void> {
    enter({ name: 'starting' });
    try {
      config ??= await readClientConfig(fetchFromPage);
      cognito ??= createCognito(config, fetchFromPage);
      session ??= createSession(cognito, browserStorage, leave);
      if (session.isOpen()) await enterChat(config, session);
      else enter({ name: 'signed-out', cognito, config, farewell: farewell() });
    } catch (error) {
      if (stage.name === 'signed-out') return;
      // Another tab signed out, or another person in, so the page starts with that.
      if (isSignedOut(error)) return start();
      enter({ name: 'unreachable', reason: explain(error) });
    }
  }

  return {
    signal,
    stage: () => stage,
    auth: () => ({ cognito, session, credentials }),
    connection: () => connection,
    setDeletion(next: Deletion) {
      deletion = next;
    },
    setSignedOutElsewhere(isConfirmed: boolean) {
      hasSignedOutElsewhere = isConfirmed;
    },
    leave,
    start,
    /** Another tab has signed in or out. A page that is starting finds out by itself. */
    followSession() {
      if (stage.name === 'signed-in' && !credentials?.isCurrent()) leave();
      if (stage.name === 'signed-out' && session?.isOpen()) void start();
    },
    setWantedHandle(wantedHandle: string | undefined) {
      if (stage.name === 'signed-in') enter({ ...stage, wantedHandle });
    },
  };
}

type Stages = ReturnType<typeof createStages>;

/** The page as the interface uses it. */
export function createApplication() {
  const stages = createStages();
  const departures = openTabs('parley.signed-out', (userUuid) => {
    const stage = stages.stage();
    const { session, credentials } = stages.auth();
    const isOwn = stage.name === 'signed-in' && stage.chat.me.uuid === userUuid;
    if (isOwn && credentials?.isCurrent()) session?.end();
  });
  listenToPage({
    connection: stages.connection,
    onSession: stages.followSession,
  });

  return {
    signal: stages.signal,
    stage: stages.stage,
    start: stages.start,
    async signIn(email: string, password: string) {
      const { cognito, session } = stages.auth();
      if (!cognito || !session) return;
      const tokens = await cognito.signIn(email, password);
      session.open(tokens);
      await stages.start();
      // The notice about a lost handle is left out if this fails.
      stages.setWantedHandle(await cognito.wantedHandle(tokens.access).catch(() => undefined));
    },
    checkHandle: createHandleCheck(fetchFromPage),
    async signOut() {
      const stage = stages.stage();
      if (stage.name !== 'signed-in') return;
      stages.setDeletion('none');
      const userUuid = stage.chat.me.uuid;
      stages.setSignedOutElsewhere(await isConfirmed(stage.api.signOut()));
      departures.publish(userUuid);
      await stages.auth().session?.close();
    },
    deleteAccount: createAccountDeletion(stages),
    retryNow: () => stages.connection()?.retryNow(),
  };
}

/** Signs in again first, because the server demands it. Rejects if the server refuses or does not answer. */
function createAccountDeletion(stages: Stages) {
  const deletions = openTabs('parley.deleted', leaveDeleted);

  /** Removes everything that this browser stored of the deleted person. */
  function leaveDeleted(userUuid: string) {
    const stage = stages.stage();
    if (stage.name !== 'signed-in' || stage.chat.me.uuid === userUuid) {
      stages.setDeletion('done');
      stages.leave();
    }
    forget(browserStorage, userUuid);
    forgetNotifying();
  }

  return async function deleteAccount(password: string) {
    const stage = stages.stage();
    const { cognito, session, credentials } = stages.auth();
    if (stage.name !== 'signed-in' || !cognito || !session || !credentials) return;
    const { api, chat } = stage;
    session.open(await cognito.signInAgain(await credentials.token(), password));
    stages.setDeletion('asked');
    try {
      await api.deleteProfile();
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) session.end();
      stages.setDeletion(isRefusal(error) ? 'none' : 'unclear');
      if (!session.isOpen()) stages.leave();
      throw error;
    }
    session.end();
    leaveDeleted(chat.me.uuid);
    deletions.publish(chat.me.uuid);
  };
}

/** A refused token counts, because it was signed out before. */
const isConfirmed = (signOut: Promise<object>) =>
  signOut.then(
    () => true,
    (error) => isSignedOut(error) || (error instanceof ApiError && error.status === 401),
  );

export type Application = ReturnType<typeof createApplication>;
