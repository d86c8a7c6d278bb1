import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';

/** The table took the request and left a part of it undone: try again. */
export class UnprocessedError extends Error {
  override readonly name = 'UnprocessedError';
}

/** Codes of a statement or a transaction's item that say: not written, and worth another try. */
const retryableCodes = new Set([
  'ThrottlingError',
  'ThrottlingException',
  'ProvisionedThroughputExceeded',
  'RequestLimitExceeded',
  'TransactionConflict',
  'InternalServerError',
]);

export const isRetryableCode = (code: string | undefined) => code !== undefined && retryableCodes.has(code);

/** Whether the engine, the network or a limit failed, and not the request: the outcome of a write is then unknown. */
export function isTransientFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof UnprocessedError || isBrokenAnswer(error)) return true;
  const sdkError = error as Parameters<typeof isTransientError>[0];
  return (
    isTransientError(sdkError) ||
    isThrottlingError(sdkError) ||
    isServerError(sdkError) ||
    isConnectionError(error)
  );
}

/** An answer that broke off in the middle: the SDK leaves it on the parser's error. */
const isBrokenAnswer = (error: Error) => error.name === 'SyntaxError' && '$response' in error;

const connectionCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

function isConnectionError(error: Error): boolean {
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && connectionCodes.has(code)) return true;
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return true;
  return error.cause instanceof Error && isConnectionError(error.cause);
}
