import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';

/** The table answered, but did not process all of the request. It should be retried. */
export class UnprocessedError extends Error {
  override readonly name = 'UnprocessedError';
}

/** Codes of a statement or of a transaction's item that was not written and should be retried. */
const retryableCodes = new Set([
  'ThrottlingError',
  'ThrottlingException',
  'ProvisionedThroughputExceeded',
  'RequestLimitExceeded',
  'TransactionConflict',
  'InternalServerError',
]);

export const isRetryableCode = (code: string | undefined) => code !== undefined && retryableCodes.has(code);

/** Whether the fault is not the request's but the engine's, the network's or a limit's. A write may have happened. */
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

/** An incomplete answer: the SDK attaches it to the parser's error. */
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
