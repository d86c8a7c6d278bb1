import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { consumers } from '../consumers/all.ts';
import type { createMessageStream } from '../message-stream/live.ts';
import { createHandler as createPostConfirmation } from '../post-confirmation/handler.ts';
import { createHandler as createPreSignUp } from '../pre-sign-up/handler.ts';
import type { Functions } from './endpoint.ts';

/** The Lambdas that the runner serves, by the names that redrive and the sign-in call. */
export const createFunctions = (
  { handlers }: Pick<ReturnType<typeof createMessageStream>, 'handlers'>,
  pool: Pool,
  logger: Logger,
): Functions => ({
  ...Object.fromEntries(consumers.map(({ name, functionName }) => [functionName, handlers[name]])),
  'post-confirmation': createPostConfirmation(pool),
  'pre-sign-up': createPreSignUp(pool, logger),
});
