/** Supplies access tokens. A sign-in implements it; requests and the socket use it. */
export type TokenSource = {
  /** A token that is valid now. Rejects if nobody is signed in. */
  token(): Promise<string>;
  /** How long the token that `token` returns stays valid. */
  validForMs(): number;
  /** The server refused this token, so the next call of `token` must return another one. */
  renew(refused: string): void;
};

/** The token source of a program that has one token and no way to renew it. */
export function fixedToken(token: string): TokenSource {
  return { token: async () => token, validForMs: () => Number.POSITIVE_INFINITY, renew: () => {} };
}

/** The token source cannot supply a token before the person signs in again. */
export class TokenError extends Error {}
