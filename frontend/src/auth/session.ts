import type { KeptStorage } from '../storage.ts';
import type { Cognito, Tokens } from './cognito.ts';
import { CognitoError } from './cognito-errors.ts';

const storageKey = 'parley.session';
/** A token is renewed this long before it expires. That time is stored, so it is one of the wall clock. */
const renewAheadMs = 60_000;

/**
 * The tokens of who is signed in, shared by the tabs of this browser through its storage. `onEnd` is called once the
 * sign-in has ended elsewhere or cannot be renewed; being offline does not end it.
 */
export function createSession(cognito: Cognito, storage: KeptStorage, onEnd: () => void) {
  let renewal: Promise<string> | undefined;

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
    try {
      const tokens = await cognito.refresh(refresh);
      // Whoever signed out meanwhile stays signed out.
      if (read()?.refresh === refresh) storage.set(storageKey, JSON.stringify(tokens));
      return tokens.access;
    } catch (error) {
      if (error instanceof CognitoError) end();
      throw error;
    } finally {
      renewal = undefined;
    }
  }

  async function token() {
    const tokens = read();
    if (!tokens) throw new CognitoError('SignedOut', 'You are signed out.');
    if (tokens.expiresAtMs - Date.now() > renewAheadMs) return tokens.access;
    renewal ??= renew(tokens.refresh);
    return renewal;
  }

  return {
    isOpen: () => read() !== undefined,
    validForMs: () => (read()?.expiresAtMs ?? 0) - Date.now(),
    open: (tokens: Tokens) => storage.set(storageKey, JSON.stringify(tokens)),
    token,
    /** The API refused this token, whatever its expiry says. */
    renew(refused: string) {
      const tokens = read();
      if (tokens?.access === refused) {
        storage.set(storageKey, JSON.stringify({ ...tokens, expiresAtMs: 0 }));
      }
    },
    end,
    async close() {
      const tokens = read();
      end();
      if (tokens?.refresh) await cognito.revoke(tokens.refresh).catch(() => {});
    },
  };
}

export type Session = ReturnType<typeof createSession>;
