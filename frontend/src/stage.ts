import type { Api } from '@parley/client/api/requests';
import type { ClientConfig } from '@parley/client/api/types';
import type { Chat } from '@parley/client/sync/chat';
import type { Cognito } from './auth/cognito.ts';

export type SignedIn = {
  name: 'signed-in';
  chat: Chat;
  api: Api;
  config: ClientConfig;
  /** The handle of the sign-up, known after a sign-in on this page. */
  wantedHandle?: string | undefined;
};

/** What the page shows. */
export type Stage =
  | { name: 'starting' }
  | { name: 'unreachable'; reason: string }
  | { name: 'signed-out'; cognito: Cognito; config: ClientConfig; farewell: string }
  | SignedIn;
