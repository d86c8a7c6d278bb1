import type { Context } from 'aws-lambda';

/** The part of an invocation's context that handlers here read. */
export type InvocationContext = Pick<Context, 'getRemainingTimeInMillis'>;

export function contextFor(timeoutMs: number): InvocationContext {
  const endsAtMs = performance.now() + timeoutMs;
  return { getRemainingTimeInMillis: () => Math.max(0, Math.round(endsAtMs - performance.now())) };
}
