import { randomUUID } from 'node:crypto';
import type { Exchange } from './srp.ts';

const lifetimeMs = 3 * 60_000;
const maxOpen = 10_000;

/**
 * The step that a sign-in needs next: a proof of the password, or a new password. `username` is undefined for an unknown
 * person.
 */
export type Challenge =
  | { name: 'PASSWORD_VERIFIER'; username: string | undefined; exchange: Exchange }
  | { name: 'NEW_PASSWORD_REQUIRED'; username: string };

/** Stores open challenges. Each can be answered once, within three minutes. */
export function createChallenges() {
  const open = new Map<string, { challenge: Challenge; endsAtMs: number }>();
  return {
    begin(challenge: Challenge, id: string = randomUUID()) {
      const [oldest] = open.keys();
      if (open.size >= maxOpen && oldest !== undefined) open.delete(oldest);
      open.set(id, { challenge, endsAtMs: performance.now() + lifetimeMs });
      return id;
    },
    take(id: string | undefined): Challenge | undefined {
      const found = id === undefined ? undefined : open.get(id);
      if (id !== undefined) open.delete(id);
      return found && found.endsAtMs > performance.now() ? found.challenge : undefined;
    },
  };
}

export type Challenges = ReturnType<typeof createChallenges>;
