import type { KeyValueStorage } from '@parley/client/storage';
import { type Cognito, subjectOf, type Tokens } from './cognito.ts';
import { CognitoError } from './cognito-errors.ts';

const storageKey = 'parley.session';
/** A token is renewed this long before it expires. The expiry is stored, so it uses the wall clock. */
const renewAheadMs = 60_000;

/**
 * The tokens of the signed-in person, shared by the tabs of this browser through its storage. `onEnd` runs after the
 * sign-in ended elsewhere or cannot be renewed. Being offline does not end it.
 */
export function createSession(cognito: Cognito, storage: KeyValueStorage, onEnd: () => void) {
  const renewals = new Map<string, Promise<string>>();

  function read(): Tokens | undefined {
    try {
      return JSON.parse(storage.get(storageKey) ?? 'null') ?? undefined;
    } catch {
      return undefined;
    }
  }

  function end() {
    if (!read()) return;
    storage.remove(storageKey);
    onEnd();
  }

  async function renew(refresh: string) {
    // A sign-out or another sign-in during the request stays in force.
    const isCurrent = () => read()?.refresh === refresh;
    try {
      const tokens = await cognito.refresh(refresh);
      if (isCurrent()) storage.set(storageKey, JSON.stringify(tokens));
      return tokens.access;
    } catch (error) {
      if (error instanceof CognitoError && isCurrent()) end();
      throw error;
    } finally {
      renewals.delete(refresh);
    }
  }

  async function accessOf(tokens: Tokens | undefined) {
    if (!tokens) throw new CognitoError(signedOut, 'You are signed out.');
    if (tokens.expiresAtMs - Date.now() > renewAheadMs) return tokens.access;
    const renewal = renewals.get(tokens.refresh) ?? renew(tokens.refresh);
    renewals.set(tokens.refresh, renewal);
    return renewal;
  }

  /** The tokens of the person who is signed in now, never those of a person who signs in later, here or in another tab. */
  function credentials() {
    const owner = ownerOf(read());
    const own = () => {
      const tokens = read();
      return tokens && ownerOf(tokens) === owner ? tokens : undefined;
    };
    return {
      isCurrent: () => own() !== undefined,
      validForMs: () => (own()?.expiresAtMs ?? 0) - Date.now(),
      token: () => accessOf(own()),
      /** The API refused this token, so its expiry means nothing. */
      renew(refused: string) {
        const tokens = own();
        if (tokens?.access === refused) {
          storage.set(storageKey, JSON.stringify({ ...tokens, expiresAtMs: 0 }));
        }
      },
    };
  }

  return {
    isOpen: () => read() !== undefined,
    open: (tokens: Tokens) => storage.set(storageKey, JSON.stringify(tokens)),
    credentials,
    end,
    async close() {
      const tokens = read();
      end();
      if (tokens?.refresh) await cognito.revoke(tokens.refresh).catch(() => {});
    },
  };
}

export type Session = ReturnType<typeof createSession>;
export type SessionCredentials = ReturnType<Session['credentials']>;

const ownerOf = (tokens: Tokens | undefined) => tokens && subjectOf(tokens.access);
const signedOut = 'SignedOut';
/** The person of the chat is signed out. Another person may be signed in. */
export const isSignedOut = (error: unknown) => error instanceof CognitoError && error.code === signedOut;
