import type { Context } from 'aws-lambda';

/** The part of an invocation's context that handlers here read. */
export type InvocationContext = Pick<Context, 'getRemainingTimeInMillis'>;

/** A context whose deadline is `timeoutMs` from now. */
export function contextFor(timeoutMs: number): InvocationContext {
  const endsAtMs = performance.now() + timeoutMs;
  return { getRemainingTimeInMillis: () => Math.max(0, Math.round(endsAtMs - performance.now())) };
}
