import { refusalOf } from '@parley/contract/loopback';
import express, { type Express } from 'express';
import type { Logger } from 'pino';
import { contextFor, type InvocationContext } from './deadline.ts';
import { metricsOf } from './metrics.ts';
import type { Status } from './status.ts';

export type Functions = Record<string, (event: never, context: InvocationContext) => Promise<unknown>>;

/** The deadline that an invoked function gets. */
const timeoutMs = 60_000;

export type EndpointOptions = {
  /** The functions by the names under which the Lambda Invoke API calls them. */
  functions: Functions;
  /** Whether an error is an answer to the caller. It is logged as INFO, because nobody must act. */
  isExpected?: (error: unknown) => boolean;
  status: () => Promise<Status>;
  wake: () => void;
  logger: Logger;
  /** The address that it listens on. */
  boundTo?: string;
};

/** The Lambda Invoke API for the handlers, and the routes `/wake`, `/status` and `/metrics`. */
export function createEndpoint({
  functions,
  isExpected = () => false,
  status,
  wake,
  logger,
  boundTo,
}: EndpointOptions): Express {
  const app = express().disable('x-powered-by');

  // Refuses requests of other machines and of web pages.
  app.use((req, res, next) => {
    if (refusalOf(req.headers, { boundTo }) === undefined) next();
    else res.status(403).end();
  });
  app.post(
    '/2015-03-31/functions/:name/invocations',
    express.json({ type: () => true, limit: '6mb' }),
    async (req, res) => {
      const handler = functions[req.params.name];
      if (!handler) {
        res.status(404).json({ Type: 'User', Message: `Function not found: ${req.params.name}` });
        return;
      }
      try {
        res.json((await handler(req.body as never, contextFor(timeoutMs))) ?? null);
      } catch (error) {
        // Lambda answers 200, with the function's error in a header.
        if (isExpected(error)) logger.info({ function: req.params.name, err: error }, 'function refused');
        else logger.error({ function: req.params.name, err: error }, 'function failed');
        const { name, message } = error instanceof Error ? error : new Error(String(error));
        res.set('X-Amz-Function-Error', 'Unhandled').json({ errorType: name, errorMessage: message });
      }
    },
  );
  app.post('/wake', (_req, res) => {
    wake();
    res.status(204).end();
  });
  app.get('/status', async (_req, res) => {
    res.json(await status());
  });
  app.get('/metrics', async (_req, res) => {
    res.type('text/plain; version=0.0.4').send(metricsOf(await status()));
  });
  return app;
}
